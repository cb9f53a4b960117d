import type { Answer } from '../../../stage/question.ts';
import type { MemoryPlan } from '../../answers/memory-plan.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Capacity } from '../../executors/executor.ts';
import { isMap } from '../../manifest/canonical.ts';
import { byId, type Instance, type Plan } from '../../plan/instance.ts';
import { askPrograms } from '../../programs/ask-programs.ts';
import { quotedCommand, type TypedPipeline } from '../../wording/command-text.ts';
import { sizeText } from '../../wording/size-text.ts';
import { placeOf, type Workspace } from '../../workspace/workspace.ts';
import { deviceOf } from '../identity/manifest-of.ts';

interface MemorySources {
  readonly workspace: Workspace;
  readonly plan: Plan;
  readonly askChild: string;
  readonly capacityOf: (instance: Instance) => Capacity;
}

/** Queries the programs of instances for their memory; programs without an estimate are left out. */
export async function memoryPlans(
  { workspace, plan, askChild, capacityOf }: MemorySources,
  instances: readonly Instance[],
): Promise<readonly MemoryPlan[]> {
  const instanceOf = byId(plan.instances);
  const pathOf = (dep: Instance['deps'][string]): string | null => {
    if (dep.kind === 'path') return dep.path;
    const path = dep.kind === 'out' ? instanceOf.get(dep.instance)?.outs[dep.out]?.path : undefined;
    return path !== undefined && workspace.disk.stat(placeOf(workspace, path)) !== undefined ? path : null;
  };
  const questions = instances.flatMap((instance) =>
    instance.program.kind === 'uses' ? [{ instance, program: instance.program.path }] : [],
  );
  const answers = await askPrograms(
    workspace,
    askChild,
    questions.map(({ instance, program }) => ({
      program,
      name: 'estimate',
      params: instance.params,
      deps: Object.fromEntries(Object.entries(instance.deps).map(([name, dep]) => [name, pathOf(dep)])),
      device: deviceOf(instance),
    })),
  );
  const plans = await Promise.all(
    questions.map(({ instance }, index) => planOf(instance, answers[index], capacityOf(instance))),
  );
  return plans.filter((each) => each !== undefined);
}

async function planOf(
  instance: Instance,
  answer: Answer | undefined,
  { memory, gpuMemory }: Capacity,
): Promise<MemoryPlan | undefined> {
  const { id } = instance;
  if (answer === undefined || answer.kind === 'none') return undefined;
  const unknown = (message: string): MemoryPlan => ({ kind: 'unknown', instance: id, message });
  if (answer.kind === 'error') return unknown(`its preview failed: ${answer.text}`);
  const { value } = answer;
  if (!isMap(value)) return unknown('its preview gave no result');
  if (value['ok'] !== true) return unknown(String(value['error']));
  const found = value['value'] ?? null;
  const [parts, lower] = isMap(found) ? [found['parts'] ?? null, found['lower'] ?? null] : [null, null];
  if (!isMap(parts)) return unknown('its preview gave no parts');
  const bytes = Object.entries(parts).map(([name, size]) => [name, Number(size)] as const);
  const device = deviceOf(instance);
  const capacity = device === 'cuda' ? await gpuMemory?.() : memory;
  return {
    kind: 'estimated',
    instance: id,
    device,
    parts: Object.fromEntries(bytes),
    total: bytes.reduce((sum, [, size]) => sum + size, 0),
    capacity: capacity !== undefined && Number.isFinite(capacity) ? capacity : undefined,
    lower: Array.isArray(lower) ? lower.map(String) : [],
  };
}

/** By how much an estimate may be wrong. */
const estimateError = 0.15;

/** What does not fit: an error where it cannot, however wrong the estimate is, a warning where it may not. */
export function memoryFindings(
  plans: readonly MemoryPlan[],
  instances: readonly Instance[],
  typed: TypedPipeline | undefined,
): readonly Diagnostic[] {
  const instanceOf = byId(instances);
  return plans.flatMap((plan): readonly Diagnostic[] => {
    if (plan.kind === 'unknown' || plan.capacity === undefined || plan.total <= plan.capacity) return [];
    const { instance: id, total, capacity, device, lower } = plan;
    const instance = instanceOf.get(id);
    const isTooMuch = total > capacity * (1 + estimateError);
    const there = `${device === 'cuda' ? 'the GPU' : 'this machine'} has ${sizeText(capacity)}`;
    const advice = lower.length === 0 ? '' : `lower it with ${lower.join(', or ')}; `;
    const diagnostic: Diagnostic = {
      severity: isTooMuch ? 'error' : 'warning',
      code: 'memory-plan',
      message: `${id} ${isTooMuch ? 'needs' : 'may need'} about ${sizeText(total)} of memory, and ${there}`,
      help: `${advice}${quotedCommand(typed, 'estimate', [id])} shows its parts`,
      ...(instance === undefined ? {} : { at: instance.program.at }),
    };
    return [diagnostic];
  });
}
