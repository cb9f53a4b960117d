import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Pushed, PushedResult, Transferred } from '../../answers/shared-cache.ts';
import { storedResult } from '../../cache/stored-result.ts';
import type { RemoteSettings } from '../../cache/remote/remote-settings.ts';
import type { RemoteStorage } from '../../cache/remote/remote-storage.ts';
import { signerFile, type SigningKey } from '../../cache/remote/signed-entry.ts';
import { circuit } from '../../cache/remote/circuit.ts';
import { entriesFolder } from '../../cache/remote/remote-names.ts';
import { uploadResult } from '../../cache/remote/upload-result.ts';
import { inParallel } from '../../cache/in-parallel.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Selection } from '../../plan/select.ts';
import { instancesWithNeeds } from '../../plan/with-needs.ts';
import { withheldOuts } from '../../plan/instance.ts';
import { inspect } from '../../status/inspect.ts';
import type { Opened } from '../open-rows.ts';
import { invalid } from '../planning/invalid.ts';
import type { Planned } from '../planning/plan-here.ts';
import { selectFrom } from '../planning/select-from.ts';
import { sessionFor } from '../session-for.ts';
import { noSharedCache, sharedCache } from './shared-source.ts';

/** The options of a push. */
export interface PushRequest extends Selection {
  readonly dryRun: boolean;
}

/** Called before anything is uploaded, with the results to upload and their sizes. */
type OnList = (listed: Pushed) => void;

/**
 * Uploads up-to-date results that this user has not signed there yet. Unlike in the upload of a run, a
 * failure is an error, since the upload was requested.
 */
export async function push(
  opened: Opened,
  planned: Planned,
  { dryRun, ...selection }: PushRequest,
  onList: OnList,
  stopped: AbortSignal,
): Promise<Result<Pushed, Problem>> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  const shared = await sharedCache(opened, planned.plan);
  if (!shared.ok) return shared;
  if (shared.value === undefined) return noSharedCache();
  const { storage, settings } = shared.value;
  if (settings.own === undefined) return invalid([noKey]);
  const { chosen } = selected.value;
  const session = await sessionFor(opened, planned, [], instancesWithNeeds(planned.plan, chosen), true);
  if (!session.ok) return session;
  const inspected = await inspect(session.value, instancesWithNeeds(planned.plan, chosen));
  const keys = new Map(
    inspected.flatMap(({ instance, state, key }) =>
      key !== undefined && (state === 'up-to-date' || state === 'restorable') ? [[instance.id, key]] : [],
    ),
  );
  const found = await Promise.all(
    chosen.map(async (instance): Promise<Found> => {
      const key = keys.get(instance.id);
      const stored = key && (await storedResult(session.value, key, withheldOuts(instance)));
      return { instance, stored };
    }),
  );
  return upload(found, { storage, settings, own: settings.own, dryRun, onList, stopped });
}

interface Found {
  readonly instance: Instance;
  readonly stored: Awaited<ReturnType<typeof storedResult>>;
}

interface Upload {
  readonly storage: RemoteStorage;
  readonly settings: RemoteSettings;
  readonly own: SigningKey;
  readonly dryRun: boolean;
  readonly onList: OnList;
  readonly stopped: AbortSignal;
}

async function upload(
  found: readonly Found[],
  { storage, settings, own, dryRun, onList, stopped }: Upload,
): Promise<Result<Pushed, Problem>> {
  const problems: string[] = [];
  const results: PushedResult[] = [];
  for (const { instance, stored } of found) {
    const { objects = [], result } = stored ?? {};
    const bytes = objects.reduce((sum, { size }) => sum + size, 0);
    const listed: Omit<PushedResult, 'state'> = { instance: instance.id, objects: objects.length, bytes };
    if (result === undefined) {
      results.push({ ...listed, state: 'not-cached' });
      continue;
    }
    // An error of one would occur for the others too.
    const there =
      problems.length > 0 ? undefined : await storage.list(entriesFolder(result.entry.key), stopped);
    if (there?.ok === false) problems.push(there.error.message);
    const isPresent = there?.ok === true && there.value.some(({ name }) => name === signerFile(own.signer));
    results.push({ ...listed, state: there?.ok !== true ? 'failed' : isPresent ? 'present' : 'to-upload' });
  }
  const [problem] = problems;
  const nothing: Transferred = { results: 0, objects: 0, bytes: 0 };
  const listed: Pushed = { remote: storage.name, results, uploaded: nothing };
  if (problem !== undefined) return { ok: true, value: { ...listed, problem } };
  if (dryRun) return { ok: true, value: listed };
  onList(listed);

  const guard = circuit(stopped, () => undefined);
  const sent = { results: 0, objects: 0, bytes: 0 };
  const states = new Map(results.map((result) => [result.instance, result.state]));
  await inParallel(found, async ({ instance, stored }) => {
    if (stored === undefined || states.get(instance.id) !== 'to-upload') return true;
    const { project, host } = settings.rules;
    const isDone = await uploadResult(
      storage,
      { ...stored, key: own, project, host, replaces: false },
      guard,
      (size) => {
        sent.objects += 1;
        sent.bytes += size;
      },
    );
    sent.results += isDone ? 1 : 0;
    states.set(instance.id, isDone ? 'uploaded' : 'failed');
    return true;
  });
  const uploaded = results.map((result) => ({
    ...result,
    state: states.get(result.instance) ?? result.state,
  }));
  const isWhole = uploaded.every(({ state }) => state !== 'failed');
  const why = guard.lastFault()?.message ?? 'stopped before the end';
  return {
    ok: true,
    value: { ...listed, results: uploaded, uploaded: sent, ...(isWhole ? {} : { problem: why }) },
  };
}

const noKey = {
  severity: 'error',
  code: 'no-key',
  message: 'there is no private key to sign results with',
  help: 'create one with `pipeline key --new`',
} as const;
