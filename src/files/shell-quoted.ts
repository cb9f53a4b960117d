/**
 * Quotes a text as one word of /bin/sh; it may contain anything but NUL: in single quotes, each single quote
 * outside of them. POSIX 2.2.2.
 */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
