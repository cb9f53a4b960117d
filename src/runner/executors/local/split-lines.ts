import { StringDecoder } from 'node:string_decoder';

/**
 * Cuts a stream of bytes into lines. One longer than `limit` characters is reported as null and never kept,
 * so that a stream without line ends takes no memory.
 */
export function lineSplitter(
  limit: number,
  onLine: (line: string | null) => void,
): { push(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let tooLong = false;

  function add(text: string): void {
    if (tooLong) return;
    tooLong = rest.length + text.length > limit;
    rest = tooLong ? '' : rest + text;
  }
  function close(): void {
    onLine(tooLong ? null : rest);
    rest = '';
    tooLong = false;
  }

  return {
    push(chunk) {
      const text = decoder.write(chunk);
      let start = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
        add(text.slice(start, end));
        close();
        start = end + 1;
      }
      add(text.slice(start));
    },
    end() {
      if (rest !== '' || tooLong) close();
    },
  };
}
