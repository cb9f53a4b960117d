/** A function of words that keeps what it gave for the first `capacity` short ones: a text's words come again and again. */
export function remembered<T>(of: (word: string) => T, capacity = 20_000): (word: string) => T {
  const known = new Map<string, T>();
  return (word) => {
    const found = known.get(word);
    if (found !== undefined) return found;
    const value = of(word);
    if (known.size < capacity && word.length <= longest) known.set(word, value);
    return value;
  };
}

const longest = 32;
