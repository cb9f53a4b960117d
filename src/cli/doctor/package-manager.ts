import { fileURLToPath } from 'node:url';

/** The program that a user installs packages with, and what to tell it. */
interface PackageManager {
  readonly install: string;
  /** Builds the native part of a package again. */
  rebuild(name: string): string;
  /** Makes a native part that was never built. */
  build(name: string): string;
}

const npm: PackageManager = {
  install: 'npm ci',
  rebuild: (name) => `npm rebuild ${name}`,
  build: (name) => `npm rebuild ${name}`,
};

const pnpm: PackageManager = {
  install: 'pnpm install',
  rebuild: (name) => `pnpm rebuild ${name}`,
  // https://pnpm.io/cli/approve-builds: since version 10, pnpm runs the scripts of no other packages.
  build: (name) => `pnpm approve-builds, and choose ${name}`,
};

/** By where a file of an installed package is: pnpm links packages from node_modules/.pnpm. */
export const packageManagerOf = (file: string): PackageManager =>
  /[\\/]node_modules[\\/]\.pnpm[\\/]/.test(file) ? pnpm : npm;

/** The one that installed this package. */
export const packageManager = packageManagerOf(fileURLToPath(import.meta.url));
