import type { NativeModule } from './native-module.ts';

/** The packages with native parts, all but the engines. Each is loaded from where the program loads it. */
export const nativeModules: readonly NativeModule[] = [
  {
    name: 'better-sqlite3',
    purpose: 'nothing runs: it holds the store of results',
    repair:
      'npm rebuild better-sqlite3 (it fetches a built file; where that cannot be reached, it compiles itself and needs python3, make and g++)',
    async load() {
      const { connect } = await import('../../runner/store/open-store.ts');
      const database = connect(':memory:', { timeout: 0 });
      const version = String(database.prepare('SELECT sqlite_version()').pluck().get());
      database.close();
      return `SQLite ${version}`;
    },
  },
  {
    name: 'esbuild',
    purpose: 'no TypeScript stage runs',
    repair: 'npm ci, without --omit=optional: its program comes in a package for each platform',
    async load() {
      const { bundlerVersion } = await import('../../runner/programs/bundle.ts');
      const esbuild = await import('esbuild');
      if (esbuild.version !== bundlerVersion)
        throw new Error(
          `version ${esbuild.version} is installed where ${bundlerVersion} is expected: keys depend on the bytes that it writes`,
        );
      try {
        await esbuild.transform('let answer: number = 42', { loader: 'ts' });
      } finally {
        await esbuild.stop();
      }
      return esbuild.version;
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
