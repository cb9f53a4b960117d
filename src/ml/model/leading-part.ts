// Indices are in range by construction: loops run over the sizes that the arrays were made with.

/** A matrix, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/**
 * The best approximation of a matrix by one of this rank: the sum of its leading singular triples, as PiSSA
 * takes it off the base weights (Meng et al. 2024). Found as the projection of the matrix onto its leading
 * singular vectors, which are the eigenvectors of the smaller Gram matrix: tridiagonalised by reflections, by
 * inverse iteration (Golub & Van Loan, chapter 8). All in float64, so that squaring the singular values
 * leaves more digits than float32 has.
 */
export function leadingSingularPart({ rows, columns, data }: Matrix, rank: number): Float32Array {
  const side = Math.min(rows, columns);
  if (rank >= side) return data.slice();
  const isWide = columns > rows;
  const gram = isWide ? rowProducts(data, rows, columns) : columnProducts(data, rows, columns);
  const basis = leadingEigenvectors(gram, side, rank);
  return isWide ? projectColumns(data, rows, columns, basis) : projectRows(data, rows, columns, basis);
}

/**
 * The first columns of Q times the first rows of R of a matrix's QR decomposition, as OLoRA takes it off the
 * base weights (Büyükakyüz 2024): the projection of the matrix onto the span of its own first columns.
 */
export function leadingColumnPart({ rows, columns, data }: Matrix, rank: number): Float32Array {
  if (rank >= Math.min(rows, columns)) return data.slice();
  const basis = Array.from({ length: rank }, (_, column) =>
    Float64Array.from({ length: rows }, (__, row) => data[row * columns + column] as number),
  );
  orthonormalise(basis);
  return projectColumns(data, rows, columns, basis);
}

/** W Wᵀ. */
function rowProducts(data: Float32Array, rows: number, columns: number): Float64Array {
  const wide = Float64Array.from(data);
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j <= i; j += 1) {
      const [a, b] = [i * columns, j * columns];
      let [even, odd] = [0, 0];
      let k = 0;
      for (; k + 1 < columns; k += 2) {
        even += (wide[a + k] as number) * (wide[b + k] as number);
        odd += (wide[a + k + 1] as number) * (wide[b + k + 1] as number);
      }
      if (k < columns) even += (wide[a + k] as number) * (wide[b + k] as number);
      gram[i * rows + j] = even + odd;
      gram[j * rows + i] = even + odd;
    }
  return gram;
}

/** Wᵀ W. */
function columnProducts(data: Float32Array, rows: number, columns: number): Float64Array {
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      turned[column * rows + row] = data[row * columns + column] as number;
  return rowProducts(turned, columns, rows);
}

/**
 * Orthonormal vectors that span the eigenspace of the largest eigenvalues of a symmetric matrix, which is
 * overwritten.
 */
function leadingEigenvectors(matrix: Float64Array, size: number, count: number): Float64Array[] {
  const { diagonal, beside, factors } = tridiagonalise(matrix, size);
  const vectors = tridiagonalVectors(diagonal, beside, count);
  for (const vector of vectors) reflectBack(vector, matrix, factors, size);
  orthonormalise(vectors);
  return vectors;
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** `beside[i]` is between i - 1 and i. */
  readonly beside: Float64Array;
  /** 2 / |v|² of the reflection that cleared each row; its vector v is left in the row of the matrix. */
  readonly factors: Float64Array;
}

/** Householder's reduction from the last row up: row i is cleared but for the element before its diagonal. */
function tridiagonalise(matrix: Float64Array, size: number): Tridiagonal {
  const diagonal = new Float64Array(size);
  const beside = new Float64Array(size);
  const factors = new Float64Array(size);
  const product = new Float64Array(size);
  for (let i = size - 1; i > 0; i -= 1) {
    const row = matrix.subarray(i * size, i * size + i);
    diagonal[i] = matrix[i * size + i] as number;
    const before = row[i - 1] as number;
    const length = norm(row);
    if (length === Math.abs(before)) {
      beside[i] = before;
      continue;
    }
    beside[i] = before > 0 ? -length : length;
    row[i - 1] = before - (beside[i] as number);
    const factor = 2 / squares(row);
    factors[i] = factor;
    symmetricProduct(matrix, size, row, product);
    let overlap = 0;
    for (let k = 0; k < i; k += 1) {
      product[k] = (product[k] as number) * factor;
      overlap += (product[k] as number) * (row[k] as number);
    }
    const share = (overlap * factor) / 2;
    for (let k = 0; k < i; k += 1) product[k] = (product[k] as number) - share * (row[k] as number);
    for (let j = 0; j < i; j += 1) {
      const [v, p] = [row[j] as number, product[j] as number];
      const at = j * size;
      for (let k = 0; k <= j; k += 1)
        matrix[at + k] = (matrix[at + k] as number) - v * (product[k] as number) - p * (row[k] as number);
    }
  }
  diagonal[0] = matrix[0] as number;
  return { diagonal, beside, factors };
}

/** The product of the leading square, of which the lower triangle is held, with a vector. */
function symmetricProduct(
  matrix: Float64Array,
  size: number,
  vector: Float64Array,
  into: Float64Array,
): void {
  const length = vector.length;
  into.fill(0, 0, length);
  for (let j = 0; j < length; j += 1) {
    const at = j * size;
    const v = vector[j] as number;
    let sum = 0;
    for (let k = 0; k < j; k += 1) {
      const element = matrix[at + k] as number;
      sum += element * (vector[k] as number);
      into[k] = (into[k] as number) + element * v;
    }
    into[j] = (into[j] as number) + sum + (matrix[at + j] as number) * v;
  }
}

/**
 * Applies the reflections to an eigenvector of the tridiagonal matrix: it becomes one of the matrix that was
 * reduced.
 */
function reflectBack(vector: Float64Array, matrix: Float64Array, factors: Float64Array, size: number): void {
  for (let i = 1; i < size; i += 1) {
    const factor = factors[i] as number;
    if (factor === 0) continue;
    const at = i * size;
    let sum = 0;
    for (let k = 0; k < i; k += 1) sum += (matrix[at + k] as number) * (vector[k] as number);
    const share = sum * factor;
    for (let k = 0; k < i; k += 1) vector[k] = (vector[k] as number) - share * (matrix[at + k] as number);
  }
}

/**
 * Vectors of the largest eigenvalues: each value by bisection, its vector by inverse iteration, orthogonal to
 * those before.
 */
function tridiagonalVectors(diagonal: Float64Array, beside: Float64Array, count: number): Float64Array[] {
  const size = diagonal.length;
  const radius = diagonal.reduce(
    (most, value, i) =>
      Math.max(most, Math.abs(value) + Math.abs(beside[i] as number) + Math.abs(beside[i + 1] ?? 0)),
    0,
  );
  const vectors: Float64Array[] = [];
  if (radius === 0) return vectors;
  let high = radius;
  for (let index = 0; index < count; index += 1) {
    const value = eigenvalue(diagonal, beside, index, radius, high);
    high = value;
    // Equal values are separated by a step that is far smaller than their distance from all others.
    const shift = value + index * radius * 2 ** -54;
    const vector = Float64Array.from({ length: size }, (_, i) => 1 + ((i * 7 + index * 13) % 11) / 16);
    for (let round = 0; round < 4; round += 1) {
      makeOrthogonal(vector, vectors);
      solveShifted(diagonal, beside, shift, vector, radius);
    }
    makeOrthogonal(vector, vectors);
    vectors.push(vector);
  }
  return vectors;
}

/**
 * The eigenvalue that `index` others are larger than, by counting signs (Sturm) while the interval is halved.
 */
function eigenvalue(
  diagonal: Float64Array,
  beside: Float64Array,
  index: number,
  radius: number,
  below: number,
): number {
  let [low, high] = [-radius, below];
  for (let round = 0; round < 120; round += 1) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (valuesAbove(diagonal, beside, middle, radius) > index) low = middle;
    else high = middle;
  }
  return low + (high - low) / 2;
}

function valuesAbove(diagonal: Float64Array, beside: Float64Array, bound: number, radius: number): number {
  const least = Math.max(radius * 2 ** -104, Number.MIN_VALUE);
  let [above, pivot] = [0, 1];
  for (let i = 0; i < diagonal.length; i += 1) {
    const off = i === 0 ? 0 : (beside[i] as number);
    pivot = (diagonal[i] as number) - bound - (off * off) / pivot;
    if (Math.abs(pivot) < least) pivot = -least;
    if (pivot > 0) above += 1;
  }
  return above;
}

/**
 * Solves (T - shift) x = vector in place, by elimination with row exchanges, and scales the solution to
 * length 1.
 */
function solveShifted(
  diagonal: Float64Array,
  beside: Float64Array,
  shift: number,
  vector: Float64Array,
  radius: number,
): void {
  const size = diagonal.length;
  const least = Math.max(radius * 2 ** -53, Number.MIN_VALUE);
  const upper = new Float64Array(size * 3);
  let [d, e] = [(diagonal[0] as number) - shift, beside[1] ?? 0];
  let f = 0;
  for (let i = 0; i + 1 < size; i += 1) {
    const below = beside[i + 1] as number;
    const nextD = (diagonal[i + 1] as number) - shift;
    const nextE = beside[i + 2] ?? 0;
    if (Math.abs(below) > Math.abs(d)) {
      const factor = d / below;
      upper.set([below, nextD, nextE], i * 3);
      const own = vector[i] as number;
      vector[i] = vector[i + 1] as number;
      vector[i + 1] = own - factor * (vector[i] as number);
      [d, e, f] = [e - factor * nextD, f - factor * nextE, 0];
    } else {
      const pivot = Math.abs(d) < least ? least : d;
      const factor = below / pivot;
      upper.set([pivot, e, f], i * 3);
      vector[i + 1] = (vector[i + 1] as number) - factor * (vector[i] as number);
      [d, e, f] = [nextD - factor * e, nextE - factor * f, 0];
    }
  }
  upper.set([Math.abs(d) < least ? least : d, 0, 0], (size - 1) * 3);
  for (let i = size - 1; i >= 0; i -= 1) {
    const rest =
      (upper[i * 3 + 1] as number) * (vector[i + 1] ?? 0) +
      (upper[i * 3 + 2] as number) * (vector[i + 2] ?? 0);
    vector[i] = ((vector[i] as number) - rest) / (upper[i * 3] as number);
  }
  const scale = 1 / norm(vector);
  for (let i = 0; i < size; i += 1) vector[i] = (vector[i] as number) * scale;
}

/**
 * Gram and Schmidt, each vector twice (Kahan: twice is enough). A vector that the others span becomes zero.
 */
function orthonormalise(vectors: readonly Float64Array[]): void {
  for (const [index, vector] of vectors.entries()) {
    const before = norm(vector);
    makeOrthogonal(vector, vectors.slice(0, index));
    makeOrthogonal(vector, vectors.slice(0, index));
    const length = norm(vector);
    const scale = length > before * 2 ** -48 ? 1 / length : 0;
    for (let i = 0; i < vector.length; i += 1) vector[i] = (vector[i] as number) * scale;
  }
}

function makeOrthogonal(vector: Float64Array, others: readonly Float64Array[]): void {
  for (const other of others) {
    let share = 0;
    for (let i = 0; i < vector.length; i += 1) share += (vector[i] as number) * (other[i] as number);
    for (let i = 0; i < vector.length; i += 1)
      vector[i] = (vector[i] as number) - share * (other[i] as number);
  }
}

/** W V Vᵀ, for vectors as long as a row. */
function projectRows(
  data: Float32Array,
  rows: number,
  columns: number,
  basis: readonly Float64Array[],
): Float32Array {
  const projected = new Float32Array(data.length);
  const sum = new Float64Array(columns);
  for (let row = 0; row < rows; row += 1) {
    const own = data.subarray(row * columns, (row + 1) * columns);
    sum.fill(0);
    for (const vector of basis) {
      let share = 0;
      for (let i = 0; i < columns; i += 1) share += (own[i] as number) * (vector[i] as number);
      for (let i = 0; i < columns; i += 1) sum[i] = (sum[i] as number) + share * (vector[i] as number);
    }
    projected.set(sum, row * columns);
  }
  return projected;
}

/** V Vᵀ W, for vectors as long as a column. */
function projectColumns(
  data: Float32Array,
  rows: number,
  columns: number,
  basis: readonly Float64Array[],
): Float32Array {
  const shares = basis.map((vector) => {
    const share = new Float64Array(columns);
    for (let row = 0; row < rows; row += 1) {
      const v = vector[row] as number;
      for (let i = 0; i < columns; i += 1)
        share[i] = (share[i] as number) + v * (data[row * columns + i] as number);
    }
    return share;
  });
  const projected = new Float32Array(data.length);
  const sum = new Float64Array(columns);
  for (let row = 0; row < rows; row += 1) {
    sum.fill(0);
    for (const [index, vector] of basis.entries()) {
      const [v, share] = [vector[row] as number, shares[index]];
      if (share === undefined) continue;
      for (let i = 0; i < columns; i += 1) sum[i] = (sum[i] as number) + v * (share[i] as number);
    }
    projected.set(sum, row * columns);
  }
  return projected;
}

function squares(vector: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i += 1) sum += (vector[i] as number) * (vector[i] as number);
  return sum;
}

const norm = (vector: Float64Array): number => Math.sqrt(squares(vector));
