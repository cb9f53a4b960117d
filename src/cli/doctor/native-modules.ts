import type { NativeModule } from './native-module.ts';

/** The packages with native parts, all but the engines. Each is loaded from where the program loads it. */
export const nativeModules: readonly NativeModule[] = [
  {
    name: 'better-sqlite3',
    purpose: 'nothing can run: it is needed for the database of results',
    repair:
      'npm rebuild better-sqlite3 (it downloads a prebuilt binary, or else compiles one, which needs ' +
      'python3, make and g++)',
    async load() {
      const { trySqlite } = await import('../../runner/project/machine/native-parts.ts');
      return `SQLite ${trySqlite()}`;
    },
  },
  {
    name: 'esbuild',
    purpose: 'TypeScript stages cannot run',
    repair: 'npm ci, without --omit=optional: its binary is in an optional package for each platform',
    async load() {
      const { tryBundler } = await import('../../runner/project/machine/native-parts.ts');
      return tryBundler();
    },
  },
  {
    name: '@node-rs/jieba',
    purpose: 'Chinese answers cannot be split into words for scoring',
    repair: 'npm ci, without --omit=optional: its native module is in an optional package for each platform',
    async load() {
      const { Jieba } = await import('@node-rs/jieba');
      new Jieba().cut('你好');
      return 'loads';
    },
  },
];
