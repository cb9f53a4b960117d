import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';

export interface OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in it: errors of scripts, and requests that it should not make. */
  readonly faults: readonly string[];
}

/** An empty page; `faultOf`: what is wrong with a request to a URL. */
export async function openPage(
  browser: Browser,
  width: number,
  colorScheme: 'light' | 'dark',
  faultOf: (url: string) => string | undefined,
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    const fault = faultOf(request.url());
    if (fault !== undefined) faults.push(fault);
  });
  return { page, context, faults };
}

/** A file that is opened from disk asks for nothing else. */
export const outsideFile =
  (file: string) =>
  (url: string): string | undefined =>
    url === file || url.startsWith('data:') ? undefined : `asked for ${url}`;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds in the page, with the places. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).join(' | ')))`);
}
