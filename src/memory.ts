/** Remembers what was found under a name: `find` is called once for each. */
export function memory<T>(): (name: string, find: () => T) => T {
  const found = new Map<string, { readonly value: T }>();
  return (name, find) => {
    const known = found.get(name) ?? { value: find() };
    found.set(name, known);
    return known.value;
  };
}

/** The same function, called once for each argument. */
export function memoize<A extends string, T>(answer: (argument: A) => T): (argument: A) => T {
  const remembered = memory<T>();
  return (argument) => remembered(argument, () => answer(argument));
}
