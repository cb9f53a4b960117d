import type { Dimension, Shape } from './node.ts';

/**
 * Arithmetic of dimensions. A dimension is a polynomial with integer coefficients in the named sizes; its
 * canonical text is the sum of its terms, constant last, each term its coefficient (if not 1) and its names,
 * sorted and joined by "*". So two dimensions are equal exactly when their texts are.
 */
export const productOf = (dimensions: Shape): Dimension =>
  remembered(products, dimensions, () => dimensions.map(parse).reduce(multiplyTerms, constantTerm(1)));

/** The sum of dimensions, in canonical form; 0 for none. */
export const sumOf = (dimensions: Shape): Dimension =>
  remembered(sums, dimensions, () => dimensions.map(parse).reduce(addTerms, constantTerm(0)));

/** `left - right`. */
export const difference = (left: Dimension, right: Dimension): Dimension =>
  sumOf([left, productOf([-1, right])]);

/** The canonical form: "source*batch" becomes "batch*source", "3" becomes 3. */
export const canonical = (dimension: Dimension): Dimension => sumOf([dimension]);

/** The names a dimension is made of. */
export const namesIn = (dimension: Dimension): readonly string[] =>
  typeof dimension === 'number'
    ? []
    : [...new Set([...parse(dimension).keys()].flatMap((term) => (term === '' ? [] : term.split('*'))))];

/**
 * The number that a dimension is, once its names have values. Throws on a name without one: the graph check
 * finds it earlier.
 */
export function evaluate(dimension: Dimension, sizes: ReadonlyMap<string, number>): number {
  if (typeof dimension === 'number') return dimension;
  const named = sizes.get(dimension);
  if (named !== undefined) return named;
  let total = 0;
  for (const [term, coefficient] of parse(dimension)) {
    let value = coefficient;
    for (const name of term === '' ? [] : term.split('*')) {
      const size = sizes.get(name);
      if (size === undefined)
        throw new Error(
          `the size "${name}" (in "${dimension}") is not known: no input has it as a dimension`,
        );
      value *= size;
    }
    total += value;
  }
  return total;
}

/**
 * Names of a product, sorted and joined by "*" → coefficient; "" is the constant term. No coefficient is 0.
 */
type Terms = ReadonlyMap<string, number>;

const constantTerm = (value: number): Terms => (value === 0 ? new Map() : new Map([['', value]]));

function parse(dimension: Dimension): Terms {
  if (typeof dimension === 'number') return constantTerm(dimension);
  let terms = parsed.get(dimension);
  if (terms === undefined) {
    terms = dimension
      .split(/(?<=[^+-])(?=[+-])/)
      .map(parseTerm)
      .reduce(addTerms, constantTerm(0));
    parsed.set(dimension, terms);
  }
  return terms;
}

/** A graph repeats its few dimensions at every node, and each run of it evaluates them again. */
const parsed = new Map<string, Terms>();
const products = new Map<string, Dimension>();
const sums = new Map<string, Dimension>();

function remembered(known: Map<string, Dimension>, of: Shape, compute: () => Terms): Dimension {
  const key = `${of.length} ${of.join()}`;
  let dimension = known.get(key);
  if (dimension === undefined) known.set(key, (dimension = format(compute())));
  return dimension;
}

function parseTerm(text: string): Terms {
  const negative = text.startsWith('-');
  let coefficient = negative ? -1 : 1;
  const names: string[] = [];
  for (const factor of text.replace(/^[+-]/, '').split('*')) {
    if (/^\d+$/.test(factor)) coefficient *= Number(factor);
    else if (/^[A-Za-z_]\w*$/.test(factor)) names.push(factor);
    else throw new Error(`"${text}" is not a dimension: expected names and whole numbers joined by * and +`);
  }
  return coefficient === 0 ? new Map() : new Map([[names.sort().join('*'), coefficient]]);
}

function addTerms(left: Terms, right: Terms): Terms {
  const sum = new Map(left);
  for (const [term, coefficient] of right) {
    const total = (sum.get(term) ?? 0) + coefficient;
    if (total === 0) sum.delete(term);
    else sum.set(term, total);
  }
  return sum;
}

function multiplyTerms(left: Terms, right: Terms): Terms {
  let product: Terms = new Map();
  for (const [a, m] of left) {
    for (const [b, n] of right) {
      const names = [...(a === '' ? [] : a.split('*')), ...(b === '' ? [] : b.split('*'))].sort().join('*');
      product = addTerms(product, new Map([[names, m * n]]));
    }
  }
  return product;
}

function format(terms: Terms): Dimension {
  const named = [...terms].filter(([term]) => term !== '').sort(([a], [b]) => (a < b ? -1 : 1));
  const constant = terms.get('') ?? 0;
  if (named.length === 0) return constant;
  const texts = named.map(([term, coefficient]) =>
    coefficient === 1 ? term : coefficient === -1 ? `-${term}` : `${coefficient}*${term}`,
  );
  if (constant !== 0) texts.push(String(constant));
  return texts.join('+').replaceAll('+-', '-');
}
