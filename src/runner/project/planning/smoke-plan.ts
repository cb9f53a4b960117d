import type { Result } from '../../../result.ts';
import type { Answer } from '../../../stage/question.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { isMap } from '../../manifest/canonical.ts';
import type { Instance, Plan } from '../../plan/instance.ts';
import { smokeInstance } from '../../plan/smoke-instance.ts';
import { deviceOf } from '../../status/identity/manifest-of.ts';
import type { Opened } from '../open-rows.ts';

/** The plan of a smoke run: each stage program defines how it is made small. */
export async function smokePlan(
  { workspace, host }: Pick<Opened, 'workspace' | 'host'>,
  plan: Plan,
  folder: string,
): Promise<Result<Plan, readonly Diagnostic[]>> {
  const { askPrograms } = await import('../../programs/ask-programs.ts');
  const questions = plan.instances.flatMap((instance) =>
    instance.program.kind === 'uses' ? [{ instance, program: instance.program.path }] : [],
  );
  const answers = await askPrograms(
    workspace,
    host.helpers.askChild,
    questions.map(({ instance, program }) => ({
      program,
      name: 'smoke',
      params: instance.params,
      deps: Object.fromEntries(
        Object.entries(instance.deps).map(([name, dep]) => [name, dep.kind === 'path' ? dep.path : null]),
      ),
      device: deviceOf(instance),
    })),
  );
  const answerTo = new Map(questions.map(({ instance: { id } }, index) => [id, answers[index]]));
  const listProducers = new Set(plan.lists?.map(({ instance }) => instance));
  const faults: Diagnostic[] = [];
  const instances = plan.instances.map((instance): Instance => {
    const answer = answerTo.get(instance.id);
    const fault = faultOf(answer);
    if (fault !== undefined)
      faults.push({
        severity: 'error',
        code: 'smoke-params',
        message: `${instance.id}: ${fault}`,
        at: instance.program.at,
      });
    return smokeInstance(instance, {
      folder,
      params: answer?.kind === 'value' && isMap(answer.value) ? answer.value : undefined,
      makesList: listProducers.has(instance.id),
    });
  });
  return faults.length === 0
    ? { ok: true, value: { ...plan, instances } }
    : { ok: false, error: faults.slice(0, 1) };
}

function faultOf(answer: Answer | undefined): string | undefined {
  if (answer?.kind === 'error') return `its preview failed: ${answer.text}`;
  return answer?.kind === 'value' && !isMap(answer.value)
    ? 'its preview gave no params: let "smoke" return a map'
    : undefined;
}
