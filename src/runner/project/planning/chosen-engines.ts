import type { Result } from '../../../result.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { Instance, MadeOnGpu, Plan } from '../../plan/instance.ts';
import type { StageProgramFacts } from '../../programs/stage-programs.ts';
import { lastResult } from '../../store/last-results.ts';
import type { Opened } from '../open-rows.ts';

/**
 * The plan with the engine and the device set for every instance whose params leave them to the machine. The
 * stage's program defines which engine uses a GPU. An instance that runs elsewhere has the GPUs that it
 * requests.
 */
export async function chosenEngines(
  { workspace, store, executors: { local }, host }: Opened,
  plan: Plan,
  isHere: (instance: Instance) => boolean,
): Promise<Result<Plan, readonly Diagnostic[]>> {
  const open = plan.instances.filter(({ params }) => Object.values(params).some(mayChoose));
  if (open.length === 0) return { ok: true, value: plan };
  const { stagePrograms } = await import('../../programs/stage-programs.ts');
  const { chooseEngine, leavesChoice } = await import('../../programs/choose-engine.ts');
  const { installedFacts } = await import('../../programs/engine.ts');
  const paths = open.flatMap(({ program }) => (program.kind === 'uses' ? [program.path] : []));
  const sources = { workspace, store, stageChild: host.helpers.stageChild };
  const programs = await stagePrograms(sources, [...new Set(paths)]);

  const hasGpu = ({ description }: StageProgramFacts): boolean => {
    const engine = description.engines?.auto?.cuda;
    const installed =
      engine === undefined ? undefined : installedFacts(description, engine, host.environment);
    return (
      installed?.ok === true &&
      installed.value?.gpu === true &&
      (local.capacity(undefined).gpus()?.length ?? 0) > 0
    );
  };
  const faults: Diagnostic[] = [];
  const instances = plan.instances.map((instance): Instance => {
    const facts = instance.program.kind === 'uses' ? programs.get(instance.program.path) : undefined;
    const engines = facts?.ok === true ? facts.value.description.engines : undefined;
    if (facts?.ok !== true || !engines || !leavesChoice(engines, instance)) return instance;
    const chosen = chooseEngine(engines, instance, isHere(instance) && hasGpu(facts.value));
    if (chosen.ok) {
      const onGpu = chooseEngine(engines, instance, true);
      const made =
        onGpu.ok && chosen.value.resources.gpus === 0 && onGpu.value.resources.gpus > 0
          ? madeOnGpu(lastResult(store, plan.pipeline, instance.id)?.manifest, engines.by, onGpu.value)
          : undefined;
      return { ...instance, ...chosen.value, ...(made === undefined ? {} : { madeOnGpu: made }) };
    }
    const { param, message } = chosen.error;
    const at = instance.paramRanges[`/${param}`] ?? instance.program.at;
    faults.push({ severity: 'error', code: 'bad-engine', message, at });
    return instance;
  });
  return faults.length > 0 ? { ok: false, error: faults } : { ok: true, value: { ...plan, instances } };
}

/** The choice for a GPU, where the last result was made by it. */
function madeOnGpu(
  last: Manifest | undefined,
  by: string,
  choice: Pick<MadeOnGpu, 'params' | 'resources'>,
): MadeOnGpu | undefined {
  const engine = choice.params[by];
  if (last?.program.kind !== 'uses' || last.platform['device'] !== 'cuda' || typeof engine !== 'string')
    return undefined;
  const installed = last.program.engines?.[engine]?.installed;
  return { ...choice, ...(installed === undefined ? {} : { installed }) };
}

/** A value that an engine or a device may be left open or named by. */
const mayChoose = (value: unknown): boolean => value === 'auto' || value === 'cuda' || value === 'cpu';
