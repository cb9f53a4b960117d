/** How diagnostics name the text of one `--set`. */
export const overrideName = (index: number): string => (index === 0 ? '--set' : `--set (${index + 1})`);

export const isOverrideName = (name: string): boolean => /^--set( \(\d+\))?$/.test(name);
