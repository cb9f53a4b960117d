import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';
import { buildPage } from './build-page.ts';
import { chromiumPath, launchChromium } from './chromium.ts';
import { serve } from './serve.ts';

const models = 1000;
const answers = 10_000;

describe.skipIf(chromiumPath === undefined)('1,000 models and 10,000 answers in Chromium', () => {
  let rig: Rig;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    await buildPage();
    rig = await createRig();
    rig.write(largeProject());
    const ran = await rig.process('run').result;
    expect(ran.code, ran.stderr).toBe(0);
    const [address, end] = await serve(rig);
    stop = end;
    browser = await launchChromium();
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    await page.goto(address);
  });

  afterAll(async () => {
    await browser.close();
    await stop();
    await rig[Symbol.asyncDispose]();
  });

  const show = async (view: string): Promise<void> => {
    await page.goto(new URL(view, page.url()).href);
    await page.waitForFunction(
      () => document.querySelector('main h1') && !document.querySelector('.loading'),
    );
  };
  const nodes = (): Promise<number> => page.evaluate(() => document.querySelectorAll('*').length);
  const names = (): Promise<readonly string[]> =>
    page.locator('.experiments tbody th .name').allTextContents();
  const list = () => page.getByRole('region', { name: 'Models with their params and metrics' });

  test('scrolling from the first to the last model keeps the number of nodes', async () => {
    await show('/experiments');
    const seen = new Set<string>();
    let most = 0;
    for (let top = 0; ; top += 500) {
      const end = await list().evaluate((element, to) => {
        element.scrollTo(0, to);
        return element.scrollHeight - element.clientHeight;
      }, top);
      const place = Math.min(models - 1, Math.ceil(Math.min(top, end) / 56));
      await page.getByRole('link', { name: `train[${place}]`, exact: true }).waitFor();
      for (const name of await names()) seen.add(name);
      most = Math.max(most, await nodes());
      if (top >= end) break;
    }
    expect(seen.size).toBe(models);
    expect(most).toBeLessThan(1600);
  });

  test('the table states its number of rows, and each row its index', async () => {
    await show('/experiments');
    await list().evaluate((element) => element.scrollTo(0, element.scrollHeight));
    const last = page.locator('tr', { has: page.getByRole('link', { name: 'train[999]' }) });
    await last.waitFor();
    expect(await last.getAttribute('aria-rowindex')).toBe('1001');
    expect(await page.locator('.experiments').getAttribute('aria-rowcount')).toBe('1001');
    expect(await page.locator('thead tr').getAttribute('aria-rowindex')).toBe('1');
  });

  test('keys scroll to the last model, also after the focused row has left the view', async () => {
    await show('/experiments');
    await page.getByRole('link', { name: 'train[0]', exact: true }).focus();
    await list().evaluate((element) => element.scrollTo(0, 20_000));
    await page.waitForFunction(() => document.activeElement?.classList.contains('rows'));
    await page.keyboard.press('End');
    await page.getByRole('link', { name: 'train[999]' }).waitFor();
    // Rows are drawn before they are in sight: a key while the list still moves may be lost.
    await page.waitForFunction(() => {
      const rows = document.querySelector('.rows');
      return rows !== null && rows.scrollTop + rows.clientHeight > rows.scrollHeight - 2;
    });
    await page.keyboard.press('Home');
    await page.getByRole('link', { name: 'train[0]', exact: true }).waitFor();
  });

  test('filter and order apply to models outside the view', async () => {
    await show('/experiments');
    await page.getByLabel('Filter').fill('rate=777');
    await page.waitForFunction(() => document.querySelectorAll('.experiments tbody th').length === 1);
    expect(await names()).toEqual(['train[777]']);
    await page.getByLabel('Filter').fill('');
    await page.getByRole('columnheader', { name: 'rougeL' }).getByRole('link').click();
    // 27 times 37 is 999: the greatest of all.
    await page.waitForFunction(
      () => document.querySelector('.experiments tbody th .name')?.textContent === 'train[27]',
    );
  });

  test.each(['parallel', 'scatter'])(
    'the view %s has few nodes, and hovering over a model shows its name',
    async (view) => {
      await show(`/experiments?view=${view}`);
      expect(await nodes()).toBeLessThan(300);
      const box = await page.locator('svg.chart').boundingBox();
      // The last axis of the one, and the right edge of the other, hold the greatest ROUGE-L.
      const place =
        view === 'parallel' ? { x: (box?.width ?? 0) - 92, y: 45 } : { x: (box?.width ?? 0) - 32, y: 0 };
      for (let y = place.y; y < (box?.height ?? 0); y += 4) {
        await page.locator('svg.chart').hover({ position: { x: place.x, y } });
        if ((await page.locator('svg.chart .chosen').count()) > 0) break;
      }
      expect(await page.locator('svg.chart .label').allTextContents()).toContainEqual(
        expect.stringMatching(/^train\[\d+\]: 0\.\d/),
      );
    },
  );

  test('10,000 answers are shown in pages, and the last row can be reached', async () => {
    await show('/answers?sort=row&page=400');
    await page.locator('.question', { hasText: 'question 9999' }).waitFor();
    expect(await page.locator('.answer').count()).toBe(25);
    expect(await nodes()).toBeLessThan(3000);
    await page.getByLabel('Text', { exact: true }).fill('question 4321');
    await page.getByText('1 of 10000 rows').waitFor();
  });
});

/** 1,000 models with a metric each, and two that answered the same 10,000 questions. */
function largeProject(): Readonly<Record<string, unknown>> {
  const files: Record<string, unknown> = {};
  for (let model = 0; model < models; model += 1) {
    const rougeL = ((model * 37) % models) / models;
    files[`m/${model}.json`] = {
      metrics: { rougeL, f1: ((model * 91) % models) / models },
      intervals: { metrics: { rougeL: [rougeL - 0.05, rougeL + 0.05] } },
    };
  }
  for (const model of ['a', 'b'])
    files[`${model}.jsonl`] = Array.from({ length: answers }, (_, row) =>
      JSON.stringify({
        question: `question ${row}`,
        prediction: `${model} says ${row}`,
        reference: `reference ${row}`,
        scores: { reference: { rougeL: 0.5 }, multilingual: { rougeL: (row % 10) / 10 } },
      }),
    ).join('\n');
  files['pipeline.yaml'] = {
    name: 'large',
    stages: {
      train: {
        matrix: { rate: Array.from({ length: models }, (_, rate) => rate) },
        cmd: ['cp', '${deps.from}', '${outs.metrics}'],
        deps: { from: 'm/${rate}.json' },
        params: { rate: '${rate}' },
        outs: { metrics: { path: 'metrics.json', kind: 'metrics' } },
      },
      eval: {
        matrix: { model: ['a', 'b'] },
        cmd: ['cp', '${deps.from}', '${outs.predictions}'],
        deps: { from: '${model}.jsonl' },
        outs: { predictions: 'predictions.jsonl' },
      },
    },
  };
  return files;
}
