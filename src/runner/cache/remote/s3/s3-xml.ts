/** The text of one element in an XML response; undefined: empty or missing. */
export const textIn = (xml: string, element: string): string | undefined => {
  const found = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return found === undefined ? undefined : unescaped(found);
};

interface ListedObject {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** The objects of an answer to ListObjectsV2 with encoding-type=url. */
export function listedObjects(xml: string): readonly ListedObject[] {
  return [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(([, content = '']) => {
    const [key, modified] = [textIn(content, 'Key'), textIn(content, 'LastModified')];
    if (key === undefined || modified === undefined) return [];
    try {
      return [{ key: decodeURIComponent(key.replaceAll('+', ' ')), modifiedAt: Date.parse(modified) }];
    } catch {
      return [];
    }
  });
}

const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos|#34|#39);/g, (_, name: string) => entities[name] ?? '');

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#34': '"',
  '#39': "'",
};
