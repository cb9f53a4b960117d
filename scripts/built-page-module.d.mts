/** Writes the module that holds the built page, below a root; gives its path. */
export function writeBuiltPageModule(root: string): Promise<string>;
