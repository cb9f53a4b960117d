/** The first of many names, and how many more there are: "a, b, c and 4 more". */
export const joinFirst = (names: readonly string[], most: number): string =>
  names.length > most
    ? `${names.slice(0, most).join(', ')} and ${names.length - most} more`
    : names.join(', ');
