import type { NativeModule } from './native-module.ts';

/** The packages with native parts, all but the engines. Each is loaded from where the program loads it. */
export const nativeModules: readonly NativeModule[] = [
  {
    name: 'better-sqlite3',
    purpose: 'nothing runs: it holds the store of results',
    repair:
      'npm rebuild better-sqlite3 (it fetches a built file; where that cannot be reached, it compiles itself and needs python3, make and g++)',
    async load() {
      const { trySqlite } = await import('../../runner/project/machine/native-parts.ts');
      return `SQLite ${trySqlite()}`;
    },
  },
  {
    name: 'esbuild',
    purpose: 'no TypeScript stage runs',
    repair: 'npm ci, without --omit=optional: its program comes in a package for each platform',
    async load() {
      const { tryBundler } = await import('../../runner/project/machine/native-parts.ts');
      return tryBundler();
    },
  },
  {
    name: '@node-rs/jieba',
    purpose: 'Chinese answers cannot be scored by words',
    repair: 'npm ci, without --omit=optional: its native part comes in a package for each platform',
    async load() {
      const { Jieba } = await import('@node-rs/jieba');
      new Jieba().cut('你好');
      return 'loads';
    },
  },
];
