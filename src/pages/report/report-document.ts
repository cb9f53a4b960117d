import { createHash } from 'node:crypto';
import { jsonText } from '../../files/json-text.ts';
import { builtPage } from './built-page.js';
import { type ReportData, reportElement } from './report-data.ts';

/**
 * One file with the page and its data, which opens from disk and sends no requests. Its policy allows only
 * its own script and style; even if a bug turned text of data or of a model into markup, that would load and
 * run nothing.
 */
export function reportDocument(data: ReportData, title: string): string {
  const { script, style, icon } = builtPage;
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  const iconBytes = Buffer.from(icon).toString('base64');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${escaped(title)}</title>
    <link rel="icon" type="image/svg+xml" href="data:image/svg+xml;base64,${iconBytes}" />
    <style>${style}</style>
    <script type="application/json" id="${reportElement}">${scriptData(data)}</script>
  </head>
  <body>
    <noscript>This report needs JavaScript: allow scripts for this file.</noscript>
    <script type="module">${script}</script>
  </body>
</html>
`;
}

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** JSON in which no text can end the element that holds it. */
const scriptData = (data: ReportData): string => jsonText(data).replaceAll('<', '\\u003c');
