import { existsSync } from 'node:fs';

/** The browser that the system has: Debian's package, or what CHROMIUM names. None is downloaded. */
export const chromiumPath: string | undefined = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
