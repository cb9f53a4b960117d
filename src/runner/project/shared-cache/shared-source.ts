import { homedir } from 'node:os';
import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { RemoteSettings } from '../../cache/remote/remote-settings.ts';
import type { RemoteStorage } from '../../cache/remote/remote-storage.ts';
import type { ResultSource } from '../../cache/result-source.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Plan } from '../../plan/instance.ts';
import { machineFiles } from '../machine/machine-files.ts';
import { machineTexts } from '../machine/machine-texts.ts';
import type { Opened } from '../open-rows.ts';
import { invalid } from '../planning/invalid.ts';

/** The shared cache of a pipeline, with the settings that it has. */
interface SharedCache {
  readonly storage: RemoteStorage;
  readonly settings: RemoteSettings;
}

/** Undefined: none is configured. Nothing of it is loaded then. */
export async function sharedCache(
  { place: { root }, host: { environment } }: Pick<Opened, 'place' | 'host'>,
  plan: Plan,
): Promise<Result<SharedCache | undefined, Problem>> {
  const machine = await machineFiles(machineTexts(root, environment, homedir()));
  if (!machine.ok) return machine;
  const named = [plan.sharedCache, ...machine.value.map(({ cache }) => cache)];
  const isSet = (environment['PIPELINE_CACHE_REMOTE'] ?? '') !== '';
  if (!isSet && named.every((fields) => fields?.remote === undefined)) return { ok: true, value: undefined };
  const [{ remoteSettings }, { openRemote }] = await Promise.all([
    import('../../cache/remote/remote-settings.ts'),
    import('../../cache/remote/open-remote.ts'),
  ]);
  const settings = remoteSettings(
    { name: plan.pipeline, cache: plan.sharedCache },
    machine.value.map(({ cache }) => cache),
    environment,
    homedir(),
  );
  if (!settings.ok) return fault(settings.error);
  if (settings.value === undefined) return { ok: true, value: undefined };
  const storage = await openRemote(settings.value.address, {
    environment,
    home: homedir(),
    root,
  });
  if (!storage.ok) return fault(storage.error);
  return { ok: true, value: { storage: storage.value, settings: settings.value } };
}

const fault = (message: string): { readonly ok: false; readonly error: Problem } =>
  invalid([{ severity: 'error', code: 'shared-cache-setting', message }]);

/** The problem of a command that is about a shared cache, where none is set. */
export const noSharedCache = (): { readonly ok: false; readonly error: Problem } =>
  fault(
    'no shared cache is configured: set cache.remote in pipeline.yaml or a machine file, or ' +
      'PIPELINE_CACHE_REMOTE',
  );

/** The shared cache as a source of results, and its warnings. */
export async function sharedSource(
  opened: Opened,
  plan: Plan,
): Promise<Result<ResultSource | undefined, Problem>> {
  const { source, smoke } = opened.host;
  // A smoke run has to compute everything itself, and its results are not shared.
  if (smoke !== undefined) return { ok: true, value: undefined };
  if (source !== undefined) return { ok: true, value: source };
  const shared = await sharedCache(opened, plan);
  if (!shared.ok || shared.value === undefined) return shared.ok ? { ok: true, value: undefined } : shared;
  const { storage, settings } = shared.value;
  const { remoteSource } = await import('../../cache/remote/remote-source.ts');
  const warnings = settings.notices.map((notice): Diagnostic => ({
    severity: 'warning',
    code: 'shared-cache',
    message: `the shared cache ${storage.name}: ${notice}`,
  }));
  return { ok: true, value: remoteSource(storage, settings.rules, warnings, plan.typed) };
}
