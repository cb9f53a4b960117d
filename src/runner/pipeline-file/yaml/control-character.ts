/**
 * The first character of a name that would break its line or change its direction when displayed, as
 * "U+202E"; undefined: there is none.
 */
export function controlCharacter(name: string): string | undefined {
  const found = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.exec(name)?.[0].codePointAt(0);
  return found === undefined ? undefined : `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
}
