/**
 * The stem of a lower-case word of a-z and 0-9: M. F. Porter, "An algorithm for suffix stripping", Program
 * 14.3 (1980), with the changes that nltk's PorterStemmer has in its default mode (NLTK_EXTENSIONS), which
 * rouge_score uses.
 */
export function porterStem(word: string): string {
  if (Object.hasOwn(irregular, word)) return irregular[word] ?? word;
  if (word.length <= 2) return word;
  return [plural, participle, finalY, doubleSuffix, suffix, longSuffix, finalE, finalDoubleL].reduce(
    (stem, step) => step(stem),
    word,
  );
}

const irregular: Readonly<Record<string, string>> = {
  sky: 'sky',
  skies: 'sky',
  dying: 'die',
  lying: 'lie',
  tying: 'tie',
  news: 'news',
  innings: 'inning',
  inning: 'inning',
  outings: 'outing',
  outing: 'outing',
  cannings: 'canning',
  canning: 'canning',
  howe: 'howe',
  proceed: 'proceed',
  exceed: 'exceed',
  succeed: 'succeed',
};

/** Step 1a. nltk: "flies" gives "fli", but "dies" gives "die". */
function plural(word: string): string {
  if (word.length === 4 && word.endsWith('ies')) return word.slice(0, -1);
  return replaceSuffix(
    word,
    [
      ['sses', 'ss'],
      ['ies', 'i'],
      ['ss', 'ss'],
      ['s', ''],
    ],
    0,
  );
}

/** Step 1b. nltk: "spied" gives "spi", but "died" gives "die". */
function participle(word: string): string {
  if (word.endsWith('ied')) return word.length === 4 ? word.slice(0, -1) : word.slice(0, -2);
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const stem = word.endsWith('ed') ? word.slice(0, -2) : word.endsWith('ing') ? word.slice(0, -3) : '';
  return containsVowel(stem) ? repaired(stem) : word;
}

/** What -ed and -ing leave: "conflat" gets its e back, "hopp" loses a p, "fil" becomes "file". */
function repaired(stem: string): string {
  if (stem.endsWith('at') || stem.endsWith('bl') || stem.endsWith('iz')) return `${stem}e`;
  if (endsWithDoubleConsonant(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

/**
 * Step 1c. nltk: only after a consonant that is not the whole rest, so that "enjoy" stays and "fly" gives
 * "fli".
 */
function finalY(word: string): string {
  return word.length > 2 && word.endsWith('y') && isConsonant(word, word.length - 2)
    ? `${word.slice(0, -1)}i`
    : word;
}

/**
 * Step 2. nltk: -alli is done first and its result once more; -fulli; -logi counts its l with the stem
 * ("theologi").
 */
function doubleSuffix(word: string): string {
  if (word.endsWith('alli') && measure(word.slice(0, -4)) > 0) return doubleSuffix(word.slice(0, -2));
  if (word.endsWith('logi')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  return replaceSuffix(word, doubleSuffixes, 1);
}

const doubleSuffixes: readonly SuffixRule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['fulli', 'ful'],
];

/** Step 3. */
function suffix(word: string): string {
  return replaceSuffix(
    word,
    [
      ['icate', 'ic'],
      ['ative', ''],
      ['alize', 'al'],
      ['iciti', 'ic'],
      ['ical', 'ic'],
      ['ful', ''],
      ['ness', ''],
    ],
    1,
  );
}

/** Step 4. */
function longSuffix(word: string): string {
  if (word.endsWith('ion'))
    return measure(word.slice(0, -3)) > 1 && /[st]ion$/.test(word) ? word.slice(0, -3) : word;
  return replaceSuffix(word, longSuffixes, 2);
}

const longSuffixes: readonly SuffixRule[] = [
  ['al', ''],
  ['ance', ''],
  ['ence', ''],
  ['er', ''],
  ['ic', ''],
  ['able', ''],
  ['ible', ''],
  ['ant', ''],
  ['ement', ''],
  ['ment', ''],
  ['ent', ''],
  ['ou', ''],
  ['ism', ''],
  ['ate', ''],
  ['iti', ''],
  ['ous', ''],
  ['ive', ''],
  ['ize', ''],
];

/** Step 5a. */
function finalE(word: string): string {
  if (!word.endsWith('e')) return word;
  const stem = word.slice(0, -1);
  const size = measure(stem);
  return size > 1 || (size === 1 && !endsShort(stem)) ? stem : word;
}

/** Step 5b. */
function finalDoubleL(word: string): string {
  return word.endsWith('ll') && measure(word.slice(0, -1)) > 1 ? word.slice(0, -1) : word;
}

type SuffixRule = readonly [suffix: string, replacement: string];

/**
 * The first rule whose suffix the word has is the only one tried, even when the rest's measure is too small
 * and nothing is replaced.
 */
function replaceSuffix(word: string, rules: readonly SuffixRule[], leastMeasure: number): string {
  const rule = rules.find(([end]) => word.endsWith(end));
  if (rule === undefined) return word;
  const stem = word.slice(0, word.length - rule[0].length);
  return measure(stem) >= leastMeasure ? stem + rule[1] : word;
}

/** The paper's m in [C](VC){m}[V]: how often a consonant follows a vowel. */
function measure(stem: string): number {
  let count = 0;
  let afterVowel = false;
  for (let index = 0; index < stem.length; index += 1) {
    const vowel = isVowel(stem.charCodeAt(index), index > 0 && !afterVowel);
    if (afterVowel && !vowel) count += 1;
    afterVowel = vowel;
  }
  return count;
}

function containsVowel(stem: string): boolean {
  return /[aeiou]|.y/.test(stem);
}

/** The paper's *o, and by nltk also a vowel and a consonant alone. */
function endsShort(stem: string): boolean {
  const last = stem.length - 1;
  if (last === 1) return !isConsonant(stem, 0) && isConsonant(stem, 1);
  return (
    last > 1 &&
    isConsonant(stem, last - 2) &&
    !isConsonant(stem, last - 1) &&
    isConsonant(stem, last) &&
    !/[wxy]$/.test(stem)
  );
}

function endsWithDoubleConsonant(stem: string): boolean {
  return stem.length > 1 && stem.at(-1) === stem.at(-2) && isConsonant(stem, stem.length - 1);
}

/**
 * A y is a consonant unless it follows one, so a run of y's alternates: it is walked back to where it starts.
 */
function isConsonant(word: string, index: number): boolean {
  let start = index;
  while (start > 0 && word.charCodeAt(start) === letterY) start -= 1;
  const consonant = !isVowel(word.charCodeAt(start), false);
  return (index - start) % 2 === 0 ? consonant : !consonant;
}

/** All but a, e, i, o, u and a y after a consonant is a consonant, digits too. */
function isVowel(code: number, afterConsonant: boolean): boolean {
  switch (code) {
    case 0x61:
    case 0x65:
    case 0x69:
    case 0x6f:
    case 0x75:
      return true;
    case letterY:
      return afterConsonant;
    default:
      return false;
  }
}

const letterY = 0x79;
