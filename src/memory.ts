/** How much a memory keeps: so many answers, of names up to a length. */
export interface MemoryLimits {
  readonly entries: number;
  readonly nameLength: number;
}

/** Memoizes results by name: `find` is called once for each name that the limits allow to keep. */
export function memory<T>(limits: MemoryLimits = unlimited): (name: string, find: () => T) => T {
  const found = new Map<string, { readonly value: T }>();
  return (name, find) => {
    const known = found.get(name);
    if (known !== undefined) return known.value;
    const value = find();
    if (found.size < limits.entries && name.length <= limits.nameLength) found.set(name, { value });
    return value;
  };
}

/** The same function, called once for each argument that the limits let it keep. */
export function memoize<A extends string, T>(
  answer: (argument: A) => T,
  limits: MemoryLimits = unlimited,
): (argument: A) => T {
  const remembered = memory<T>(limits);
  return (argument) => remembered(argument, () => answer(argument));
}

const unlimited: MemoryLimits = { entries: Infinity, nameLength: Infinity };
