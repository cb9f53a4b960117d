import type { NativeModule } from './native-module.ts';
import { packageManager } from './package-manager.ts';

/** The packages with native parts, all but the engines. Each is loaded from where the program loads it. */
export const nativeModules: readonly NativeModule[] = [
  {
    name: 'better-sqlite3',
    purpose: 'nothing can run: it is needed for the database of results',
    repair:
      `${packageManager.build('better-sqlite3')} (it downloads a prebuilt binary, or else compiles one, ` +
      'which needs python3, make and g++)',
    async load() {
      const { trySqlite } = await import('../../runner/project/machine/native-parts.ts');
      return `SQLite ${trySqlite()}`;
    },
  },
  {
    name: 'esbuild',
    purpose: 'TypeScript stages cannot run',
    repair: `${packageManager.install}, with optional packages: its binary is in one for each platform`,
    async load() {
      const { tryBundler } = await import('../../runner/project/machine/native-parts.ts');
      return tryBundler();
    },
  },
  {
    name: '@node-rs/jieba',
    purpose: 'Chinese answers cannot be split into words for scoring',
    repair: `${packageManager.install}, with optional packages: its native module is in one for each platform`,
    async load() {
      const { Jieba } = await import('@node-rs/jieba');
      new Jieba().cut('你好');
      return 'loads';
    },
  },
];
