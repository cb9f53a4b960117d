import { readFileSync, realpathSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * Rewrites the positions in a bundle to positions in the sources, by the map beside the bundle. Only for
 * output to people: the program never sees it, since lines move with comments, which are not part of a key.
 */
export function atSources(text: string, bundle: string): string {
  const map = mapOf(bundle);
  if (map === undefined) return text;
  // A stack names files without the links that lead to them: the cache may be one.
  const places = new RegExp(
    `${pathToFileURL(realpathSync(bundle)).href.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')}:(\\d+):(\\d+)`,
    'g',
  );
  return text.replaceAll(places, (place, line: string, column: string) => {
    const found = map.findEntry(Number(line) - 1, Number(column) - 1);
    return 'originalSource' in found
      ? `${found.originalSource}:${found.originalLine + 1}:${found.originalColumn + 1}`
      : place;
  });
}

/** Undefined: no readable map, in which case the text is shown unchanged. */
function mapOf(bundle: string): SourceMap | undefined {
  try {
    const payload: SourceMapPayload = JSON.parse(readFileSync(`${bundle}.map`, 'utf8'));
    return new SourceMap(payload);
  } catch {
    return undefined;
  }
}
