// What git ignores: `node gitignore.mjs` writes gitignore.json beside itself. Made with git 2.39.5.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = mkdtempSync(join(tmpdir(), 'gitignore-'));
execFileSync('git', ['init', '-q'], { cwd: root });
let seed = 7;
const below = (count) => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return Math.floor(seed / 65536) % count;
};
const oneOf = (list) => list[below(list.length)];
const times = (count, make) => Array.from({ length: count }, make);

const plain = (path) => path.replace(/\/$/, '');

const paths = new Set();
for (let count = 0; count < 40; count += 1) {
  const depth = 1 + below(3);
  const parts = times(depth, (_, k) => (k < depth - 1 ? 'd' : 'f') + oneOf(['a', 'b', 'ab', 'aab', 'ba', 'A', ' a', '#', '!']));
  mkdirSync(dirname(join(root, ...parts)), { recursive: true });
  writeFileSync(join(root, ...parts), '');
  for (let k = 1; k < depth; k += 1) paths.add(`${parts.slice(0, k).join('/')}/`);
  paths.add(parts.join('/'));
}
const part = () =>
  below(4) === 0
    ? '**'
    : times(1 + below(3), () => oneOf(['a', 'b', '*', '?', '*', 'd', 'f', '[a-b]', '[!a]', '\\a', ' ']))
        .join('')
        .replaceAll(/\*\*+/g, '*');
const line = () =>
  (below(3) === 0 ? '!' : '') + (below(3) === 0 ? '/' : '') + times(1 + below(3), part).join('/') + oneOf(['', '', '', '/', ' ']);
const cases = times(300, () => {
  const rules = times(1 + below(4), line);
  writeFileSync(join(root, '.gitignore'), `${rules.join('\n')}\n`);
  let ignored = '';
  try {
    ignored = execFileSync('git', ['check-ignore', '--no-index', '--stdin'], { cwd: root, // A folder is told by the disk: an end "/" would be a part of the name.
      input: [...paths].map(plain).join('\n'), encoding: 'utf8' });
  } catch (nothing) {
    ignored = nothing.stdout ?? '';
  }
  const names = new Set(ignored.split('\n'));
  return { rules, ignored: [...paths].filter((path) => names.has(plain(path))) };
});
rmSync(root, { recursive: true });
const made = execFileSync('git', ['--version'], { encoding: 'utf8' }).trim();
writeFileSync(join(import.meta.dirname, 'gitignore.json'), JSON.stringify({ made, paths: [...paths], cases }));
