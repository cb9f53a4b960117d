/**
 * Draws docs/images, the pictures of the local page: `npm run pictures [folder]`. The folder is a project in
 * which the default experiment has run; without one it runs in a copy of this repository, which takes two
 * minutes. Needs Chromium: /usr/bin/chromium, or what CHROMIUM names.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const size = { width: 1280, height: 800 };
/** Of JPEG: text stays sharp, and a picture has about 60 KB. */
const quality = 60;

const models = (...names) => names.map((name) => `model=qualitative[aimc,${name}]`).join('&');
const trainings = ['full', 'lora', 'gs_1', 'gs_2', 'gs_3', 'gs_4'].flatMap((name) =>
  ['aimc', 'huatuo'].map((set) => `of=train[${set},${name}]`),
);

/** The views, and the scheme that each is drawn in. */
const views = (run) => ({
  'ui-runs': [`/runs?run=${run}`, 'light'],
  'ui-graph': ['/graph?instance=train[aimc,lora]', 'light'],
  'ui-experiments': ['/experiments?label=dataset%3Daimc', 'light'],
  'ui-curves': [`/curves?smooth=0.6&${trainings.join('&')}`, 'dark'],
  'ui-answers': ['/answers?a=eval[aimc,lora]&b=eval[aimc,full]', 'light'],
  'ui-samples': [`/samples?${models('base', 'lora', 'full')}`, 'light'],
  'ui-data': ['/data', 'light'],
});

const [named] = process.argv.slice(2);
const project = named ?? experimentInCopy();
try {
  await draw(project);
} finally {
  if (named === undefined) rmSync(dirname(project), { recursive: true, force: true });
}

/**
 * A copy of all files that git tracks, as a repository of its own, with all results of the default
 * experiment.
 */
function experimentInCopy() {
  const copy = join(mkdtempSync(join(tmpdir(), 'pictures-')), 'medical-qa-pipeline');
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of files) if (file !== '') cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const run = (command, ...args) => execFileSync(command, args, { cwd: copy, stdio: 'inherit' });
  run('git', 'init', '--quiet', '--initial-branch', 'main');
  run('git', 'add', '.');
  const author = ['-c', 'user.name=you', '-c', 'user.email=you@example.org'];
  run('git', ...author, 'commit', '--quiet', '--message', 'Set up the experiment');
  run('node', 'scripts/build.mjs');
  run('node', 'dist/main.js', 'run');
  return copy;
}

async function draw(folder) {
  const program = join(folder, 'dist/main.js');
  const history = execFileSync('node', [program, 'history', '--json'], { cwd: folder, encoding: 'utf8' });
  // The first run, which computed everything.
  const { run } = JSON.parse(history).runs.at(-1);
  const server = spawn('node', [program, 'ui'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  try {
    const address = await addressOf(server);
    for (const [name, [view, colorScheme]] of Object.entries(views(run))) {
      const page = await browser.newPage({ viewport: size, colorScheme });
      await page.route(/\/api\/runs?\?/, withoutUser);
      await page.goto(address);
      await page.goto(new URL(view, address).href);
      await page.waitForSelector('main h1');
      await page.waitForFunction(() => document.querySelector('.loading') === null);
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: join(root, 'docs/images', `${name}.jpg`), type: 'jpeg', quality });
      await page.close();
    }
  } finally {
    await browser.close();
    server.kill('SIGINT');
    await once(server, 'exit');
  }
}

/** The address that `pipeline ui` prints; the token in it works once for each page. */
async function addressOf(server) {
  for await (const line of createInterface(server.stdout)) if (line.startsWith('http')) return line.trim();
  throw new Error('`pipeline ui` printed no address');
}

/** Leaves out the user and the machine. */
async function withoutUser(route) {
  const response = await route.fetch();
  const text = await response.text();
  await route.fulfill({
    response,
    body: text.replaceAll(/"user":"[^"]*"/g, '"user":"you"').replaceAll(/"host":"[^"]*"/g, '"host":"here"'),
  });
}
