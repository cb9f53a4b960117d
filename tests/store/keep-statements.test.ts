import { expect, test } from 'vitest';
import { keepStatements } from '../../src/runner/store/database/keep-statements.ts';
import { openDatabase } from '../rig/open-database.ts';

test.each(['20.20.2', '24.19.0', '26.0.0'])(
  'a database gives the same answers on every Node (%s)',
  (version) => {
    const database = keepStatements(openDatabase(':memory:'), version);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    database.pragma('user_version = 7');
    expect(database.pragma('user_version', { simple: true })).toBe(7);
    expect(database.pragma('user_version')).toEqual([{ user_version: 7 }]);
    database.exec('CREATE TABLE a (x)');
    database.transaction(() => database.prepare('INSERT INTO a VALUES (?)').run(1))();
    expect(database.prepare('SELECT x FROM a').pluck().all()).toEqual([1]);
    database.close();
  },
);
