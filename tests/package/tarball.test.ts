import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'package-')));
const project = join(folder, 'project');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * The command lines of the README for an empty folder. Nothing of this repository reaches them: npm hands the
 * settings of its .npmrc on to what it starts, these tests included.
 */
const commands =
  /In an empty folder:\n\n((?: {4}.*\n)+)/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
const [install = '', ...rest] = commands
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '');

const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_/i.test(name) || /^npm_config_(registry|cafile|cache|nodedir|\w*proxy|userconfig)$/i.test(name),
  ),
);

/** A line for the shell, in the project; its time is printed, for people who read the log. */
async function shell(line: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const began = performance.now();
  const { stdout, stderr } = await execa('sh', ['-ec', line], { cwd: project, env, extendEnv: false });
  console.log(`$ ${line}\n${stdout}\n(${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return { stdout, stderr };
}

describe('the packed package, used as the README describes', () => {
  beforeAll(async () => {
    const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: root,
      env,
      extendEnv: false,
    });
    const [packed]: readonly { readonly filename: string }[] = JSON.parse(
      stdout.slice(stdout.indexOf('[\n')),
    );
    mkdirSync(project);
    expect(install).toMatch(/npm install medical-qa-pipeline$/);
    await shell(install.replace(/medical-qa-pipeline$/, join('..', packed?.filename ?? '')));
  });

  test('the commands of the README train, evaluate and report', async () => {
    expect(rest).toHaveLength(1);
    const { stdout, stderr } = await shell(rest[0] ?? '');
    expect(stdout + stderr).toMatch(/46 ran/);
    expect(readFileSync(join(project, 'artifacts/medical-qa/report/report.html'), 'utf8')).toMatch(/<html/);
  });

  test('then nothing is broken, and a second run has nothing to do', async () => {
    expect(JSON.parse((await shell('npx pipeline doctor --json')).stdout)).toMatchObject({ broken: 0 });
    expect(JSON.parse((await shell('npx pipeline run --json')).stdout)).toMatchObject({
      ran: [],
      restored: [],
      failed: [],
    });
  });

  test('npm reinstalls it from the files that init wrote', async () => {
    const { stdout } = await shell('rm -rf node_modules && npm install && npx pipeline run --json');
    expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toMatchObject({ ran: [], failed: [] });
  });

  test('no file that init wrote contains a path of this machine', async () => {
    const made = readdirSync(project).filter(
      (name) => !['node_modules', 'cache', 'artifacts'].includes(name),
    );
    const texts = made
      .flatMap((name) => filesBelow(join(project, name)))
      .filter((file) => /\.(ya?ml|json|md)$|\.npmrc$|\.gitignore$/.test(file));
    expect(texts.length).toBeGreaterThan(5);
    for (const file of texts) expect(readFileSync(file, 'utf8').includes(folder), file).toBe(false);
  });
});

function filesBelow(place: string): readonly string[] {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place).flatMap((name) => filesBelow(join(place, name)));
}
