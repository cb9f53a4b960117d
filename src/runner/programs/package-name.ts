/** The package that a module belongs to: "@scope/name/sub/path.js" is a file of "@scope/name". */
export const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
