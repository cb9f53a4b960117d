/**
 * A text as one word of /bin/sh, whatever it holds but NUL: in single quotes, each single quote outside of
 * them. POSIX 2.2.2.
 */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
