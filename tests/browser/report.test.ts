import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pages } from '../../src/pages/pages.ts';
import { createRig, type Rig } from '../rig/rig.ts';
import { chromiumPath, launchChromium } from './chromium.ts';
import { axeViolations, openPage, type OpenedPage, outsideFile } from './open-page.ts';
import { hostileTexts, shownProject } from './shown-project.ts';

const views = [
  ...pages.map(({ path }) => path).filter((path) => path !== '/ask'),
  '/experiments?view=parallel',
  '/experiments?view=scatter',
  '/answers?a=eval[huatuo,base]&b=eval[huatuo,lora]&show=differ',
  '/graph?instance=train[aimc,lora]',
];

describe.skipIf(chromiumPath === undefined)('a report in Chromium, opened from disk', () => {
  let rig: Rig;
  let browser: Browser;
  let file: string;

  beforeAll(async () => {
    rig = await createRig();
    rig.write(shownProject());
    const ran = await rig.process('run').result;
    expect(ran.code, ran.stderr).toBe(0);
    const written = await rig.process('report', '--out', 'page.html').result;
    expect(written.code, written.stderr).toBe(0);
    file = pathToFileURL(`${rig.root}/page.html`).href;
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await rig[Symbol.asyncDispose]();
  });

  /** What goes wrong in the page is gathered: errors of scripts, and whatever it asks of anybody. */
  async function open(
    options: { readonly width?: number; readonly scheme?: 'light' | 'dark' } = {},
  ): Promise<OpenedPage> {
    return openPage(browser, options.width ?? 1280, options.scheme ?? 'light', outsideFile(file));
  }

  async function show(page: Page, view: string): Promise<void> {
    await page.goto(`${file}#${view}`);
    await page.waitForSelector('main h1');
    await page.waitForFunction(() => document.querySelector('.loading') === null);
  }

  test.each([
    [360, 'dark'],
    [1280, 'light'],
  ] as const)(
    'every page is drawn without a request and without axe violations, %i pixels wide, %s',
    async (width, scheme) => {
      const { page, context, faults } = await open({ width, scheme });
      for (const view of views) {
        await show(page, view);
        expect(await page.locator('main .problem').count(), view).toBe(0);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(
          width,
        );
        expect(await axeViolations(page), view).toEqual([]);
      }
      expect(faults).toEqual([]);
      await context.close();
    },
  );

  test('each view has a URL fragment: links, filters, the back button and a reload keep it', async () => {
    const { page, context, faults } = await open();
    await page.goto(file);
    await page.getByRole('link', { name: 'Experiments' }).click();
    await page.getByRole('columnheader', { name: 'rougeL' }).getByRole('link').click();
    await page.getByLabel('dataset').selectOption('huatuo');
    await page.reload();
    await page.waitForSelector('.experiments tbody th');
    const names = page.locator('.experiments tbody th .name');
    expect(await names.allTextContents()).toEqual([
      'train[huatuo,full]',
      'train[huatuo,lora]',
      'train[huatuo,base]',
    ]);
    await names.first().click();
    await page.getByRole('complementary', { name: 'train[huatuo,full]' }).getByText('Outputs').waitFor();
    expect(page.url()).toContain('#/graph?instance=train');
    await page.goBack();
    await names.first().waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  test('the graph shows which instances are known only after a list, in its text too', async () => {
    await using listed = await createRig();
    listed.write({
      'pipeline.yaml': {
        name: 'fan',
        stages: {
          list: { cmd: 'echo [] > ${outs.shards}', outs: { shards: 'shards.json' } },
          split: {
            matrix: { shard: { $from: 'list', out: 'shards' } },
            cmd: 'echo ${shard} > ${outs.part}',
            outs: { part: 'part.txt' },
          },
        },
      },
    });
    const written = await listed.process('report', '--out', 'page.html').result;
    expect(written.code, written.stderr).toBe(0);
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${pathToFileURL(`${listed.root}/page.html`).href}#/graph`);
    const card = page.getByRole('region', { name: 'split', exact: true });
    await card.getByText('split[*]: known after list', { exact: true }).waitFor();
    await page.getByText('split[*] known after list', { exact: true }).waitFor();
    expect(await page.locator('.drawing path.awaited').count()).toBe(1);
    expect(await axeViolations(page)).toEqual([]);
    await context.close();
  });

  test('answers are filtered and compared as on the server', async () => {
    const { page, context } = await open();
    await show(page, '/answers?a=eval[huatuo,base]&b=eval[huatuo,lora]');
    const verdict = await page.locator('.verdict').textContent();
    await page.getByLabel('Text', { exact: true }).fill('问题67');
    await page.getByText('1 of 40 rows').waitFor();
    expect(verdict).toMatch(/40 rows, paired/);
    await context.close();
  });

  test('texts of models are escaped: no script runs, and the file contains no tag of theirs', async () => {
    const { page, context, faults } = await open();
    await show(page, '/answers?a=eval[aimc,base]&b=eval[aimc,full]&sort=row');
    const answers = page.locator('.answer .columns > div:nth-child(2) .text');
    expect(await answers.nth(0).textContent()).toBe(hostileTexts.script);
    expect(await answers.nth(1).evaluate((element) => getComputedStyle(element).unicodeBidi)).toBe('isolate');
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(faults).toEqual([]);
    expect(readFileSync(`${rig.root}/page.html`, 'utf8')).not.toContain('<img src=x');
    await context.close();
  });

  test('the content security policy refuses any other script and any request', async () => {
    const { page, context } = await open();
    await show(page, '/experiments');
    const outcome = await page.evaluate(async () => {
      const script = document.createElement('script');
      try {
        script.textContent = 'window.hacked = 1';
        document.body.append(script);
      } catch {
        // Trusted Types refuse the text.
      }
      const asked = await fetch('http://127.0.0.1:9/').then(
        () => 'answered',
        () => 'refused',
      );
      return { ran: 'hacked' in window, asked };
    });
    expect(outcome).toEqual({ ran: false, asked: 'refused' });
    await context.close();
  });

  test('user and host are left out by default', async () => {
    const startedFrom = (name: string): readonly unknown[] =>
      [...readFileSync(`${rig.root}/${name}`, 'utf8').matchAll(/"startedFrom":(\{[^}]*\})/g)].map(
        ([, text]) => JSON.parse(`${text ?? ''}`),
      );
    for (const each of startedFrom('page.html')) expect(each).toMatchObject({ host: '' });
    expect(startedFrom('page.html').length).toBeGreaterThan(0);
    await rig.process('report', '--out', 'mine.html', '--with-user').result;
    for (const each of startedFrom('mine.html')) expect(each).toMatchObject({ host: hostname() });
  });
});
