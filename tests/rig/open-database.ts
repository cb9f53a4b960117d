import Database from 'better-sqlite3';
import { keepStatements } from '../../src/runner/store/database/keep-statements.ts';

/** Opens a database as the store does: with statements that outlive a Node that aborts when one is freed. */
export const openDatabase = (file: string, options?: Database.Options): Database.Database =>
  keepStatements(new Database(file, options));
