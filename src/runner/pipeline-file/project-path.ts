import type { Result } from '../../result.ts';
import { controlCharacter } from './yaml/control-character.ts';

/**
 * A path from the project root, normalized ("./data//x/" is "data/x"), or why it is refused. A path that
 * leaves the project on any system is refused on every system: "..", an absolute path, a drive, and anything
 * that a file system, an editor or a careless tool takes for one of those. (Symbolic links on the way are
 * checked elsewhere, on the disk.)
 */
export function projectPath(text: string): Result<string> {
  const refuse = (why: string): Result<string> => ({
    ok: false,
    error: `${JSON.stringify(text.slice(0, 200))} ${why}`,
  });
  const control = controlCharacter(text);
  if (control !== undefined) return refuse(`holds the control character ${control}`);
  if (text.includes('\\')) return refuse('holds a backslash: parts of a path are separated by "/"');
  if (text.startsWith('/')) return refuse('is an absolute path: expected one from the project root');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    return refuse('is an address: expected a path from the project root');
  if (text.length > 4096) return refuse('is longer than 4096 characters, the limit of the operating system');
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) return refuse('names no file or folder below the project root');
  for (const part of parts) {
    const why = partFault(part);
    if (why !== undefined) return refuse(why);
  }
  if (/^\p{L}:/u.test(parts[0] ?? ''))
    return refuse('starts with a drive: expected a path from the project root');
  if (parts[0]?.startsWith('~') === true)
    return refuse('starts with "~", which only a shell turns into a home folder');
  return { ok: true, value: parts.join('/') };
}

function partFault(part: string): string | undefined {
  if (part === '..')
    return 'leads out of a folder by "..": expected a path that only goes down from the project root';
  const seen = foldedLookalikes(part);
  if (/^\.*$/.test(seen))
    return `holds ${JSON.stringify(part)}, which some file systems treat as ".", ".." or an empty name`;
  if (/[/\\]/.test(seen))
    return `holds ${JSON.stringify(part)}, which some programs treat as several parts of a path`;
  if (Buffer.byteLength(part) > 255) return 'has a part longer than 255 bytes';
  return undefined;
}

/**
 * A part as the most lenient reader sees it: percent-decoded (twice, as servers do), compatibility forms and
 * look-alikes folded to ASCII (U+2024, U+FF0F), without what file systems ignore or strip: format characters
 * (HFS+) and white space (Windows).
 */
function foldedLookalikes(part: string): string {
  const decoded = percentDecoded(percentDecoded(part));
  return decoded
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\s]/gu, '')
    .replace(/[∕⁄⧸╱⟋／]/gu, '/')
    .replace(/[∖⧵╲⟍﹨＼]/gu, '\\')
    .replace(/[․‥…。｡．﹒·‧∙⋅•]/gu, '.');
}

/** Overlong forms of "." and "/" (%c0%ae, %c0%af) count as the characters that they encode. */
const percentDecoded = (text: string): string =>
  text
    .replace(/%(?:c0%|e0%80%|f0%80%80%)(ae|af|9c|dc)/gi, (_, end: string) =>
      end.toLowerCase() === 'ae' ? '.' : '/',
    )
    .replace(/%(2e|2f|5c|25|00|20)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/**
 * Why an out cannot have this path, beside what `projectPath` refuses: what Windows would silently write
 * under another name.
 */
export function outPathFault(path: string): string | undefined {
  const part = path
    .split('/')
    .find((name) => /[. ]$/.test(name) || /[<>:"|?*]/.test(name) || reservedName.test(name));
  if (part === undefined) return undefined;
  return (
    `${JSON.stringify(part.slice(0, 100))} is not a valid name on every file system: no trailing dot ` +
    'or space, none of < > : " | ? *, and no device such as con or nul'
  );
}

/** Names that Windows keeps for devices, with any extension. */
export const reservedName = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Paths with one folded form are one path on file systems that ignore case or normal forms (APFS, NTFS,
 * HFS+).
 */
export const foldedPath = (path: string): string =>
  path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');
