import { aligned } from '../../../runner/wording/aligned.ts';
import { sizeText } from '../../../runner/wording/size-text.ts';

/** Files with their sizes, a line each. */
export const fileListText = (
  files: readonly { readonly path: string; readonly bytes: number }[],
): readonly string[] => aligned(files.map(({ path, bytes }) => [`  ${path}`, sizeText(bytes)]));
