interface JoinStyle {
  readonly separator?: string;
  /** How many there are, where `names` holds only the first of them. */
  readonly total?: number;
}

/** The first of many names, and how many more there are: "a, b, c and 4 more". */
export function joinFirst(
  names: readonly string[],
  most: number,
  { separator = ', ', total = names.length }: JoinStyle = {},
): string {
  const shown = names.slice(0, most);
  const left = total - shown.length;
  return `${shown.join(separator)}${left > 0 ? ` and ${left} more` : ''}`;
}
