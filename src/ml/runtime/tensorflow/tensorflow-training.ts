import type { RuntimeOptions, TrainingRuntime } from '../runtime.ts';
import { openSession } from './session.ts';
import { bindingOf, identityOf } from './tensorflow-runtime.ts';
import { openTrainingSession } from './training-session.ts';

/** The same engine with its optimizers. */
export function openEngine(options: RuntimeOptions): TrainingRuntime {
  const binding = bindingOf(options);
  return {
    ...identityOf(binding),
    open: (plan) => openSession(plan, binding),
    openTraining: (plan) => openTrainingSession(plan, binding),
  };
}
