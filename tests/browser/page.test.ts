import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pages } from '../../src/pages/pages.ts';
import { createRig, type Rig } from '../rig/rig.ts';
import { buildPage } from './build-page.ts';
import { chromiumPath, launchChromium } from './chromium.ts';
import { axeViolations, openPage, type OpenedPage } from './open-page.ts';
import { serve } from './serve.ts';
import { hostileTexts, shownProject } from './shown-project.ts';

/** Each of them draws something else. */
const views = [
  ...pages.map(({ path }) => path),
  '/experiments?view=parallel',
  '/experiments?view=scatter',
  '/curves?series=loss&smooth=0.6&scale=log',
  '/answers?a=eval[huatuo,base]&b=eval[huatuo,lora]&show=differ',
  '/graph?instance=train[aimc,lora]',
];

describe.skipIf(chromiumPath === undefined)('the page in Chromium', () => {
  let rig: Rig;
  let browser: Browser;
  let address: string;
  let pageFolder: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    pageFolder = await buildPage();
    rig = await createRig();
    rig.write(shownProject());
    const ran = await rig.process('run').result;
    expect(ran.code, ran.stderr).toBe(0);
    [address, stop] = await serve(rig);
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await stop();
    await rig[Symbol.asyncDispose]();
  });

  /** A page that is signed in; what goes wrong in it is gathered. */
  async function open(
    options: { readonly width?: number; readonly scheme?: 'light' | 'dark'; readonly at?: string } = {},
  ): Promise<OpenedPage> {
    const at = options.at ?? address;
    const opened = await openPage(browser, options.width ?? 1440, options.scheme ?? 'light', (url) =>
      new URL(url).origin === new URL(at).origin ? undefined : `asked another host: ${url}`,
    );
    await opened.page.goto(at);
    return opened;
  }

  /** Shows a view until nothing of it is on its way. */
  async function show(page: Page, view: string): Promise<void> {
    await page.goto(new URL(view, page.url()).href);
    await page.waitForSelector('main h1');
    await page.waitForFunction(() => document.querySelector('.loading') === null);
    await page.evaluate(() => document.fonts.ready);
  }

  test.each(['light', 'dark'] as const)(
    'has no axe violations and no script errors on any page, %s',
    async (scheme) => {
      const { page, context, faults } = await open({ scheme });
      for (const view of views) {
        await show(page, view);
        // By the debugger: the page's policy lets no other script in.
        expect(await axeViolations(page), view).toEqual([]);
      }
      expect(faults).toEqual([]);
      await context.close();
    },
  );

  test.each([360, 768, 1440, 2560])(
    'fits a width of %i pixels without overflow or overlap',
    async (width) => {
      const { page, context } = await open({ width });
      for (const view of views) {
        await show(page, view);
        const found: readonly string[] = await page.evaluate(() => {
          const wide = document.documentElement.scrollWidth > innerWidth ? ['wider than the window'] : [];
          const boxes = [...document.querySelectorAll('main > *, main > .bar > *')]
            .filter((element) => element.getClientRects().length > 0)
            .map((element) => ({ element, box: element.getBoundingClientRect() }));
          const covered = boxes.flatMap(({ element, box }, index) =>
            boxes
              .slice(index + 1)
              .filter(
                (other) =>
                  !element.contains(other.element) &&
                  box.left < other.box.right - 1 &&
                  other.box.left < box.right - 1 &&
                  box.top < other.box.bottom - 1 &&
                  other.box.top < box.bottom - 1,
              )
              .map((other) => `${element.className} covers ${other.element.className}`),
          );
          return [...wide, ...covered];
        });
        expect(found, `${view} at ${width}`).toEqual([]);
      }
      await context.close();
    },
  );

  test('is smaller than 200 KB, gzipped', () => {
    const bytes = ['page.js', 'page.css', 'index.html', 'icon.svg'].reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(pageFolder, name))).length,
      0,
    );
    expect(bytes).toBeLessThan(200_000);
  });

  test('the token is removed from the address, and scripts cannot read the cookie', async () => {
    const { page, context } = await open();
    expect(page.url()).not.toContain('token');
    expect(await page.evaluate(() => document.cookie)).toBe('');
    expect((await context.cookies()).map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([
      [true, 'Strict'],
    ]);
    await context.close();
  });

  test('another host name gets nothing, and no other page can read or frame it', async () => {
    const { page, context } = await open();
    const { port } = new URL(address);
    const rebound = await page.goto(`http://evil.test:${port}/api/runs`);
    expect(rebound?.status()).toBe(403);
    const other = await context.newPage();
    await other.route('http://other.test/', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<p>other</p>' }),
    );
    await other.goto('http://other.test/');
    const read = await other.evaluate(async (url) => {
      const answer = await fetch(url, { credentials: 'include' }).catch((error: unknown) => String(error));
      return typeof answer === 'string' ? 'refused' : 'read';
    }, `http://127.0.0.1:${port}/api/runs`);
    expect(read).toBe('refused');
    await context.close();
  });

  test('texts of models are escaped: no script runs, 1 MB is shown on request', async () => {
    const { page, context, faults } = await open();
    await show(page, '/answers?a=eval[aimc,base]&b=eval[aimc,full]&sort=row');
    const answers = page.locator('.answer .columns > div:nth-child(2) .text');
    expect(await answers.nth(0).textContent()).toBe(hostileTexts.script);
    expect(await answers.nth(1).evaluate((element) => getComputedStyle(element).unicodeBidi)).toBe('isolate');
    expect((await answers.nth(2).textContent())?.length).toBe(20_000);
    await page.getByRole('button', { name: 'Show the whole texts' }).first().click();
    await page.waitForFunction(
      (length) =>
        (document.querySelectorAll('.answer .columns > div:nth-child(2) .text')[2]?.textContent?.length ??
          0) === length,
      hostileTexts.long.length,
    );
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(faults).toEqual([]);
    await context.close();
  });

  test('works by keyboard: to the content, into an instance, and back with Escape', async () => {
    const { page, context } = await open();
    await show(page, '/graph');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'train[aimc,lora]: up to date' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'train[aimc,lora]' }).getByText('Outputs').waitFor();
    expect(new URL(page.url()).searchParams.get('instance')).toBe('train[aimc,lora]');
    await page.getByRole('button', { name: 'Close' }).focus();
    await page.keyboard.press('Escape');
    await page.getByRole('complementary').waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByRole('complementary', { name: 'train[aimc,lora]' }).waitFor();
    await context.close();
  });

  test('each view has a URL: sorting, filters and pages survive a reload', async () => {
    const { page, context } = await open();
    await show(page, '/experiments');
    await page.getByRole('columnheader', { name: 'rougeL' }).getByRole('link').click();
    await page.getByLabel('dataset').selectOption('huatuo');
    await page.reload();
    await page.waitForSelector('.experiments tbody tr');
    const names = await page.locator('.experiments tbody th .name').allTextContents();
    expect(names).toEqual(['train[huatuo,full]', 'train[huatuo,lora]', 'train[huatuo,base]']);
    expect(await page.locator('.experiments tbody .best').count()).toBe(1);
    await context.close();
  });

  test('a run is shown live, without a reload', async () => {
    await using other = await createRig();
    const puppet = other.puppet();
    other.write({
      'pipeline.yaml': { stages: { slow: { cmd: puppet.cmd, outs: { o: { path: 'o', kind: 'series' } } } } },
    });
    const [at, end] = await serve(other);
    const { page, context, faults } = await open({ at });
    await show(page, '/runs');
    await page.getByText('Nothing has run yet').waitFor();
    const run = other.process('run');
    const started = await puppet.nextStart();
    await page.getByRole('cell', { name: 'running' }).waitFor();
    await page.locator('td a.name').click();
    await page.getByRole('link', { name: 'slow' }).click();
    await started.order('event', {
      line: JSON.stringify({ kind: 'progress', done: 3, total: 9, unit: 'step' }),
    });
    await page.getByText('step 3 of 9').waitFor();
    await started.order('print', { text: 'printed now\n' });
    await page.getByText('printed now').waitFor();
    await started.order('event', {
      line: JSON.stringify({ kind: 'metric', step: 1, values: { loss: 0.5 } }),
    });
    const curves = await context.newPage();
    await show(curves, new URL('/curves', at).href);
    await curves.getByRole('img', { name: /^loss of slow/ }).waitFor();
    await started.exit(0, { o: '{"step":1,"loss":0.5}\n' });
    await run.result;
    await page.getByRole('cell', { name: 'ran', exact: true }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
    await end();
  });

  test('answers of all chosen models are shown beside the reference, by either profile', async () => {
    const { page, context, faults } = await open();
    await show(page, '/answers?a=eval[aimc,base]&b=eval[aimc,lora]');
    const titles = page.locator('.answer').first().locator('h2');
    expect(await titles.count()).toBe(4);
    await page.getByText('Other models').click();
    await page.getByRole('checkbox', { name: 'eval[aimc,full]' }).uncheck();
    await page.waitForFunction(() => document.querySelector('.answer')?.querySelectorAll('h2').length === 3);
    await page.getByLabel('Profile').selectOption('reference');
    await page.waitForURL(/profile=reference/);
    await page.getByLabel('Score').selectOption('bertscore_f1');
    expect(await page.locator('.command').first().textContent()).toContain('--profile reference');
    expect(faults).toEqual([]);
    await context.close();
  });

  test('a question is sent to the chosen models, and their answers are shown side by side', async () => {
    const { page, context } = await open();
    await show(page, '/ask');
    await page.getByLabel('Question').fill('What helps against <b>headache</b>?');
    await page.getByRole('button', { name: 'Ask' }).click();
    // These models hold no weights: what `pipeline ask` says of them is shown.
    await page.waitForFunction(() => document.querySelectorAll('section.card .problem').length === 2);
    expect(await page.locator('section.card').first().textContent()).toContain('train[aimc,base]');
    await context.close();
  });

  test('1,000 instances are drawn at once, and a list of them draws only the visible ones', async () => {
    await using other = await createRig();
    const puppet = other.puppet();
    other.write({
      'pipeline.yaml': {
        stages: {
          first: { cmd: puppet.cmd, outs: { o: 'o' } },
          many: {
            matrix: { i: Array.from({ length: 1000 }, (_, index) => index) },
            cmd: 'cp ${deps.x} ${outs.o}',
            deps: { x: { from: 'first', out: 'o' } },
            params: { i: '${i}' },
            outs: { o: 'o' },
          },
        },
      },
    });
    // They all wait: what is measured is the page, not a thousand processes beside it.
    const run = other.process('run');
    const started = await puppet.nextStart();
    const [at, end] = await serve(other);
    const { page, context } = await open({ at });
    await show(page, '/graph');
    await page.waitForSelector('.member:nth-child(1000)');
    await show(page, '/runs');
    await page.locator('td a.name').first().click();
    await page.waitForSelector('.timeline-head');
    expect(await page.locator('tbody tr').count()).toBeLessThan(80);
    await page.locator('.rows').evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.getByRole('link', { name: 'many[999]' }).waitFor();
    await started.exit(1, {});
    await run.result;
    await context.close();
    await end();
  });
});
