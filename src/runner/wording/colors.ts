/** How words are highlighted; for a terminal without colours every function returns its text unchanged. */
export interface Colors {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const same = (text: string): string => text;

export const noColors: Colors = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
