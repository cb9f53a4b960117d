import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../src/runner/answers/instances.ts';
import type { SharedCacheReport } from '../../src/runner/answers/shared-cache.ts';
import type { Event } from '../../src/runner/event.ts';
import { openProject, type Forecast, type Project, type RunRequest } from '../../src/runner/project.ts';
import type { ResultSource } from '../../src/runner/cache/result-source.ts';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { makeSigningKey } from '../../src/runner/cache/remote/signing-key.ts';
import { helpersHere } from './helpers-here.ts';
import { type InProcess, inProcess } from './in-process.ts';
import { wholeRun } from './whole-run.ts';

/** A folder that is gone after the test. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(): TemporaryFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'shared-')));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Somebody with a key of their own. */
export interface Person extends Disposable {
  readonly signer: string;
  readonly environment: NodeJS.ProcessEnv;
}

export function person(): Person {
  const folder = temporaryFolder();
  const file = join(folder.path, 'key.pem');
  const key = makeSigningKey(file);
  if (!key.ok) throw new Error(key.error);
  return {
    signer: key.value.signer,
    environment: { XDG_CONFIG_HOME: folder.path, PIPELINE_CACHE_KEY_FILE: file, PIPELINE_CACHE_WRITE: '1' },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

export interface CloneRun {
  readonly outcomes: Readonly<Record<string, string>>;
  readonly exitCode: number;
  readonly shared: SharedCacheReport | undefined;
  readonly warnings: readonly string[];
  readonly events: readonly Event[];
}

/** A clone of a project, with the variables of whoever works in it. */
export interface Clone extends InProcess {
  /** `source`: in place of the shared cache that is set. */
  runHere(request?: Partial<RunRequest>, source?: ResultSource): Promise<CloneRun>;
  forecast(remote: boolean): Promise<Forecast>;
  status(remote: boolean): Promise<Status>;
  withProject<T>(act: (project: Project) => Promise<T>): Promise<T>;
}

export function clone(environment: NodeJS.ProcessEnv, files: Readonly<Record<string, unknown>>): Clone {
  const made = inProcess();
  made.write(files);
  async function withProject<T>(act: (project: Project) => Promise<T>, source?: ResultSource): Promise<T> {
    const opened = await openProject(
      { folder: made.root },
      {
        disk: workspaceDisk,
        helpers: await helpersHere(),
        environment: { PATH: process.env['PATH'], ...environment },
        now: () => BigInt(Date.now()) * 1_000_000n,
        retryDelay: () => 0,
        source,
      },
    );
    try {
      return await act(opened);
    } finally {
      opened.close();
    }
  }
  return {
    ...made,
    withProject,
    runHere: (asked = {}, source = undefined) =>
      withProject(async (project) => {
        const events: Event[] = [];
        const never = new AbortController().signal;
        const ran = await project.run({ ...wholeRun, ...asked }, (event) => events.push(event), {
          graceful: never,
          hard: never,
        });
        if (!ran.ok) throw new Error(JSON.stringify(ran.error));
        return {
          outcomes: Object.fromEntries([...ran.value.outcomes].map(([id, { kind }]) => [id, kind])),
          exitCode: ran.value.exitCode,
          shared: ran.value.sharedCache,
          warnings: events.flatMap((event) => (event.kind === 'warned' ? [event.diagnostic.message] : [])),
          events,
        };
      }, source),
    forecast: (remote) =>
      withProject(async (project) => {
        const shown = await project.dryRun({ ...wholeRun, remote });
        if (!shown.ok) throw new Error(JSON.stringify(shown.error));
        return shown.value;
      }),
    status: (remote) =>
      withProject(async (project) => {
        const shown = await project.status({ patterns: [], mode: 'needs' }, remote);
        if (!shown.ok) throw new Error(JSON.stringify(shown.error));
        return shown.value;
      }),
    [Symbol.dispose]: () => made[Symbol.dispose](),
  };
}
