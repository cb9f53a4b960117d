import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Event } from '../../src/runner/event.ts';
import { openProject, type Project, type RunSummary } from '../../src/runner/project.ts';
import { workspaceDisk, type WorkspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import type { RunRequest } from '../../src/runner/run-request.ts';
import { helpersHere } from './helpers-here.ts';
import { wholeRun } from './whole-run.ts';

/** A project whose runner runs in this process, on the disk that the test gives it. */
export interface InProcess extends Disposable {
  readonly root: string;
  write(files: Readonly<Record<string, unknown>>): void;
  read(path: string): string;
  /** `file`: of the pipeline, where it is not pipeline.yaml. */
  run(
    request?: Partial<RunRequest>,
    disk?: WorkspaceDisk,
    file?: string,
    now?: () => bigint,
  ): Promise<InProcessRun>;
  /** Answers of a project that is open for just this. */
  ask<T>(
    question: (project: Project) => Promise<T>,
    disk?: WorkspaceDisk,
    file?: string,
    now?: () => bigint,
  ): Promise<T>;
  /** Everything below a folder of the project. */
  snapshot(path: string): Readonly<Record<string, string>>;
}

export interface InProcessRun {
  readonly summary: RunSummary | undefined;
  /** Of the problem, where nothing was run. */
  readonly problem: string | undefined;
  readonly outcomes: Readonly<Record<string, string>>;
  readonly events: readonly Event[];
  readonly warnings: readonly string[];
}

/** Opens a project in this process. */
export async function openHere(
  folder: string,
  disk: WorkspaceDisk = workspaceDisk,
  file?: string,
  now = clock,
): Promise<Project> {
  const helpers = await helpersHere();
  return openProject(
    { folder, ...(file === undefined ? {} : { file }) },
    { disk, helpers, environment: process.env, now, retryDelay: () => 0 },
  );
}

const clock = (): bigint => BigInt(Date.now()) * 1_000_000n;

export function inProcess(): InProcess {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'project-')));

  async function ask<T>(
    question: (project: Project) => Promise<T>,
    disk?: WorkspaceDisk,
    file?: string,
    now?: () => bigint,
  ): Promise<T> {
    const project = await openHere(folder, disk, file, now);
    try {
      return await question(project);
    } finally {
      project.close();
    }
  }

  return {
    root: folder,
    write(files) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
      }
    },
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    ask,
    async run(request = {}, disk = workspaceDisk, file = undefined, now = clock) {
      const events: Event[] = [];
      const never = new AbortController().signal;
      const whole: RunRequest = {
        ...wholeRun,
        ...request,
      };
      const ran = await ask(
        (project) => project.run(whole, (event) => events.push(event), { graceful: never, hard: never }),
        disk,
        file,
        now,
      );
      return {
        summary: ran.ok ? ran.value : undefined,
        problem: ran.ok
          ? undefined
          : ran.error.kind === 'invalid'
            ? ran.error.diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n')
            : ran.error.kind,
        outcomes: ran.ok
          ? Object.fromEntries([...ran.value.outcomes].map(([id, { kind }]) => [id, kind]))
          : {},
        events,
        warnings: events.flatMap((event) => (event.kind === 'warned' ? [event.diagnostic.code] : [])),
      };
    },
    snapshot(path) {
      const top = join(folder, path);
      if (!existsSync(top)) return {};
      return Object.fromEntries(
        readdirSync(top, { recursive: true, withFileTypes: true })
          .map((entry) => {
            const place = join(entry.parentPath, entry.name);
            const mode = (lstatSync(place).mode & 0o111) === 0 ? 'file' : 'executable';
            return [
              place.slice(top.length + 1),
              entry.isSymbolicLink()
                ? `link ${readlinkSync(place)}`
                : entry.isDirectory()
                  ? 'folder'
                  : `${mode} ${readFileSync(place, 'utf8').slice(0, 1000)}`,
            ];
          })
          .sort(),
      );
    },
    [Symbol.dispose]() {
      openAll(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Folders that a test made read-only. */
export function openAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) openAll(join(folder, entry.name));
}
