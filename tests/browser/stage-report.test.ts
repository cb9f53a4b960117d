import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportDocument } from '../../src/pages/report/report-document.ts';
import { readReport } from '../../stages/report/read-report.ts';
import { gatheredReport, predictionLine, type ReportedModel } from '../stages/gathered-report.ts';
import { evaluation, summary } from '../stages/results.ts';
import { chromiumPath, launchChromium } from './chromium.ts';
import { axeViolations, openPage, type OpenedPage, outsideFile } from './open-page.ts';
import { hostileTexts } from './shown-project.ts';

const model = (name: string, loss: number, score: number): ReportedModel => ({
  axes: { config: { name, r: 8 * name.length }, dataset: 'aimc' },
  evaluation: evaluation({ rougeL: score }),
  summary: summary(loss),
  log: Array.from({ length: 20 }, (_, step) => ({ step: step + 1, epoch: step / 10, loss: 1 / (step + 1) })),
  samples: {
    questions: ['What helps?'],
    answers: { 'temp_0.7': [`${name} says rest`], 'temp_1.3': ['tea'] },
  },
  predictions: Array.from({ length: 30 }, (_, row) =>
    predictionLine(`question ${row}`, row === 0 ? hostileTexts.script : `${name} ${row}`, (row * score) / 30),
  ),
});

describe.skipIf(chromiumPath === undefined)('the page of the stage `report` in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stage-report-'));
  const file = pathToFileURL(join(folder, 'report.html')).href;
  let browser: Browser;

  beforeAll(async () => {
    const gathered = gatheredReport(join(folder, 'results'), [
      model('lora', 0.3, 0.6),
      model('full', 0.2, 0.9),
    ]);
    const best = { by: 'train.summary.selection_loss', goal: 'min', within: ['dataset'] } as const;
    const read = await readReport({ title: 'Medical question answering', best }, gathered);
    if (!read.ok) throw new Error(read.error);
    writeFileSync(join(folder, 'report.html'), reportDocument(read.value.data, 'Medical question answering'));
    const seeds = [0.6, 0.7, 0.9].map((score, seed): ReportedModel => {
      const { axes, ...rest } = model('lora', score / 3, score);
      return { ...rest, axes: { ...axes, seed } };
    });
    const many = Array.from({ length: 12 }, (_, place) => model(`m${place}`, 1 / (place + 2), 0.5));
    const curves = await readReport({ title: 'Curves' }, gatheredReport(join(folder, 'many'), many));
    if (!curves.ok) throw new Error(curves.error);
    writeFileSync(join(folder, 'many.html'), reportDocument(curves.value.data, 'Curves'));
    const seeded = await readReport({ title: 'Seeds' }, gatheredReport(join(folder, 'seeds'), seeds));
    if (!seeded.ok) throw new Error(seeded.error);
    writeFileSync(join(folder, 'seeds.html'), reportDocument(seeded.value.data, 'Seeds'));
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  async function open(width: number, colorScheme: 'light' | 'dark'): Promise<OpenedPage> {
    const opened = await openPage(browser, width, colorScheme, outsideFile(file));
    await opened.page.goto(file);
    return opened;
  }

  test.each([
    [360, 'dark'],
    [1280, 'light'],
  ] as const)(
    'opens with the scores; every page is drawn without a request or axe violation, %i pixels wide, %s',
    async (width, scheme) => {
      const { page, context, faults } = await open(width, scheme);
      const links = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
      expect(await links.allTextContents()).toEqual(['Experiments', 'Curves', 'Answers', 'Samples', 'Data']);
      expect(await page.title()).toBe('Experiments · Medical question answering');
      for (const name of await links.allTextContents()) {
        await links.filter({ hasText: name }).click();
        await page.getByRole('heading', { level: 1, name }).waitFor();
        await page.waitForFunction(() => document.querySelector('.loading') === null);
        expect(await page.locator('main .problem').count(), name).toBe(0);
        expect(await page.locator('main > .notice').first().textContent()).toContain('not medical advice');
        expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(
          width,
        );
        expect(await axeViolations(page), name).toEqual([]);
      }
      expect(faults).toEqual([]);
      await context.close();
    },
  );

  test('marks the best, links to no missing page, and shows no command', async () => {
    const { page, context } = await open(1280, 'light');
    const rows = page.locator('.experiments tbody tr');
    expect(await rows.locator('th .name').allTextContents()).toEqual([
      'model[aimc,full]',
      'model[aimc,lora]',
    ]);
    expect(await rows.nth(0).locator('.best').count()).toBe(1);
    expect(await rows.locator('th a').count()).toBe(0);
    expect(await page.locator('.command').count()).toBe(0);
    await page
      .getByText('the best by train.summary.selection_loss, the smallest of its dataset')
      .first()
      .waitFor();
    await context.close();
  });

  test('shows mean, deviation and interval over the seeds of a point', async () => {
    const { page, context } = await open(1280, 'light');
    await page.goto(
      `${pathToFileURL(join(folder, 'seeds.html')).href}#/experiments?metric=multilingual.rougeL`,
    );
    const rows = page.locator('.experiments tbody tr');
    await rows.nth(2).waitFor();
    await page.getByRole('button', { name: 'Group by seed' }).click();
    await page.getByText('lora,0] and 2 more seeds').waitFor();
    expect(await rows.count()).toBe(1);
    expect(await rows.locator('.metric').textContent()).toMatch(/^0\.7333 ± 0\.15280\.\d{4} – 1$/);
    await page.getByText('95 % interval over seeds and rows').waitFor();
    await context.close();
  });

  test('adds markers from the ninth curve on, on the lines, in their labels and in the legend', async () => {
    const { page, context } = await open(1280, 'dark');
    await page.goto(`${pathToFileURL(join(folder, 'many.html')).href}#/curves?series=loss`);
    await page.getByRole('button', { name: 'All' }).click();
    await page.getByRole('img', { name: /m11.* by step/ }).waitFor();
    expect(await page.locator('.side label', { has: page.locator('.marker') }).count()).toBe(4);
    const named = page.locator('.line-chart g', { has: page.locator('.end') });
    expect(await named.filter({ has: page.locator('.marker') }).count()).toBe(4);
    const drawn = page.locator('.line-chart g', { has: page.locator('.line') });
    expect(await drawn.filter({ has: page.locator('.marker') }).count()).toBe(4);
    await context.close();
  });

  test('compares two models on all rows, and shows markup in a text as text', async () => {
    const { page, context, faults } = await open(1280, 'light');
    await page.goto(`${file}#/answers?sort=row`);
    await page.getByText('30 rows, paired').waitFor();
    const answers = page.locator('.answer').first().locator('.text');
    expect(await answers.allTextContents()).toContain(hostileTexts.script);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(faults).toEqual([]);
    await context.close();
  });
});
