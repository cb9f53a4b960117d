/** How diagnostics name the text of one `--set`. */
export const overrideName = (index: number): string => (index === 0 ? '--set' : `--set (${index + 1})`);

/** Whether a name of a source is that of an override: "--set" or "--set (2)". */
export const isOverrideName = (name: string): boolean => /^--set( \(\d+\))?$/.test(name);
