import type { RuntimeOptions, TrainingRuntime } from '../runtime.ts';
import { openSession } from './session.ts';
import { identityOf, loadEngine } from './tensorflow-runtime.ts';
import { openTrainingSession } from './training-session.ts';

/** The same engine with its optimizers. */
export function openEngine(options: RuntimeOptions): TrainingRuntime {
  const engine = loadEngine(options);
  return {
    ...identityOf(engine),
    open: (plan) => openSession(plan, engine),
    openTraining: (plan) => openTrainingSession(plan, engine),
  };
}
