import { homedir } from 'node:os';
import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Event } from '../../event.ts';
import type { HubFault, HubProblem } from '../../hub/hub-fault.ts';
import type { HubProgress } from '../../hub/download/progress.ts';
import type { Dependency, Instance } from '../../plan/instance.ts';
import { hubName } from '../../wording/hub-name.ts';
import { invalid } from './invalid.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from './plan-here.ts';

/**
 * The plan with each model of the hub as its folder, read only and by content, which requires that the model
 * was fetched. `needed`: instances whose missing models are fetched; the models of other instances are never
 * fetched, and remain names until they are here.
 */
export async function withHubFolders(
  { place: { root }, host: { environment } }: Opened,
  planned: Planned,
  needed: readonly Instance[],
  onEvent: (event: Event) => void,
  signal: AbortSignal,
): Promise<Result<Planned, Problem>> {
  const all = referencesOf(planned.plan.instances);
  if (all.size === 0) return { ok: true, value: planned };
  const { fetchDependencies, knownDependency } = await import('../../hub/fetch-dependencies.ts');
  const { hubSettings } = await import('../../hub/hub-settings.ts');
  const { hubDiagnostic, hubProblemText } = await import('../../hub/hub-fault.ts');
  const settings = hubSettings(environment, environment['HOME'] ?? homedir());
  const refused = (fault: HubFault): Result<never, Problem> => {
    const at = all.get(hubName(fault))?.at;
    return invalid(at === undefined ? [] : [hubDiagnostic(fault, at)], planned.sources);
  };

  const fetched = await fetchDependencies(root, [...referencesOf(needed).values()], settings, {
    signal,
    onProgress: (reference, progress) => onEvent(eventOf(hubName(reference), progress, hubProblemText)),
  });
  if (!fetched.ok) return refused(fetched.error);

  const folders = new Map<string, string>();
  for (const [name, reference] of all) {
    const known = await knownDependency(root, reference, settings);
    if (!known.ok) return refused(known.error);
    if (known.value.kind === 'here') folders.set(name, known.value.repository.folder);
  }
  const withFolders = (dependency: Dependency): Dependency => {
    const folder = dependency.kind === 'hub' ? folders.get(hubName(dependency)) : undefined;
    return folder === undefined
      ? dependency
      : { kind: 'path', path: folder, external: true, ignore: false, at: dependency.at };
  };
  const instances = planned.plan.instances.map((instance) => ({
    ...instance,
    deps: Object.fromEntries(
      Object.entries(instance.deps).map(([name, dependency]) => [name, withFolders(dependency)]),
    ),
  }));
  return { ok: true, value: { ...planned, plan: { ...planned.plan, instances } } };
}

/** The same with the models that are here: nothing is fetched. */
export const withKnownHubFolders = (opened: Opened, planned: Planned): Promise<Result<Planned, Problem>> =>
  withHubFolders(opened, planned, [], () => undefined, new AbortController().signal);

function eventOf(model: string, progress: HubProgress, problemText: (problem: HubProblem) => string): Event {
  const at = Date.now();
  switch (progress.kind) {
    case 'download':
      return {
        kind: 'fetching',
        at,
        model,
        bytes: progress.bytes,
        total: progress.total,
        bytesPerSecond: progress.bytesPerSecond ?? null,
        secondsLeft: progress.secondsLeft ?? null,
      };
    case 'retry':
      return {
        kind: 'fetch-delayed',
        at,
        model,
        seconds: progress.seconds,
        because: problemText(progress.because),
      };
    case 'waiting':
      return {
        kind: 'fetch-delayed',
        at,
        model,
        seconds: null,
        because: 'another process is fetching it: waiting',
      };
    case 'fetched':
      return { kind: 'fetched', at, model, bytes: progress.bytes };
  }
}

type HubDependency = Extract<Dependency, { kind: 'hub' }>;

/** Each model once, by name. */
function referencesOf(instances: readonly Instance[]): ReadonlyMap<string, HubDependency> {
  const found = instances
    .flatMap(({ deps }) => Object.values(deps))
    .filter((dependency): dependency is HubDependency => dependency.kind === 'hub');
  return new Map(found.map((dependency) => [hubName(dependency), dependency]));
}
