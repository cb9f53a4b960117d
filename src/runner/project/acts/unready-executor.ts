import type { Diagnostic } from '../../diagnostic.ts';
import type { Event } from '../../event.ts';
import type { Executor } from '../../executors/executor.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Session } from '../../status/session.ts';

/** Why an executor of instances cannot run them: the first such one, each is asked once. */
export async function unreadyExecutor(
  { executorOf }: Session,
  instances: readonly Instance[],
  onEvent: (event: Event) => void,
  signal: AbortSignal,
): Promise<Diagnostic | undefined> {
  const asked = new Set<Executor>();
  for (const instance of instances) {
    const executor = executorOf(instance);
    const onWait = (): void => onEvent(waitingWarning(executor, instance));
    const message = asked.has(executor) ? undefined : await executor.prepare?.(signal, onWait);
    asked.add(executor);
    if (message !== undefined)
      return {
        severity: 'error',
        code: 'executor',
        message: `executor "${executor.name}": ${message}`,
        ...(instance.executor === undefined ? {} : { at: instance.executor.at }),
      };
  }
  return undefined;
}

const waitingWarning = ({ name }: Executor, { executor }: Instance): Event => ({
  kind: 'warned',
  at: Date.now(),
  instance: null,
  diagnostic: {
    severity: 'warning',
    code: 'executor-waits',
    message:
      `executor "${name}": the job that inspects its nodes waits ` +
      'in the queue; the run begins when it has ended',
    help: 'that is needed once; Ctrl-C cancels the job',
    ...(executor === undefined ? {} : { at: executor.at }),
  },
});
