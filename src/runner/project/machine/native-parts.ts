import { bundlerVersion } from '../../programs/bundle/bundle.ts';
import { connect } from '../../store/database/open-store.ts';

/** Opens a database, as the store does; returns the version of SQLite. */
export function trySqlite(): string {
  const database = connect(':memory:', { timeout: 0 });
  try {
    return String(database.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    database.close();
  }
}

/** Transforms a text, as bundling does; returns the version of esbuild. */
export async function tryBundler(): Promise<string> {
  const esbuild = await import('esbuild');
  if (esbuild.version !== bundlerVersion)
    throw new Error(
      `version ${esbuild.version} is installed, expected ${bundlerVersion}: keys depend on its output`,
    );
  try {
    await esbuild.transform('let answer: number = 42', { loader: 'ts' });
  } finally {
    await esbuild.stop();
  }
  return esbuild.version;
}
