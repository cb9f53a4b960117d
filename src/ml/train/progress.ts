import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { pruneCheckpoints, writeCheckpoint } from './checkpoints.ts';
import { type CompiledTraining, parameterNames, storedName, tensorsOf } from './compiled-training.ts';
import { parameterLoader } from './load-parameters.ts';
import { bestOf, evaluationsIn } from './plan.ts';
import { resume } from './resume.ts';
import type { TrainRecord } from './train-config.ts';
import { leaveState } from './training-state.ts';

/** How far a training is: with the tensors, all that a checkpoint has to hold. */
export interface Progress {
  step: number;
  readonly records: TrainRecord[];
}

/**
 * Restores the session's state from the newest checkpoint, or initialises it from the start of the training.
 */
export async function startOrResume(
  compiled: CompiledTraining,
  fingerprint: string,
): Promise<Result<Progress, FileProblem>> {
  const { model, adapter, scratch, emit, trainee, session, disk } = compiled;
  const parameters = parameterNames(compiled);
  const resumed = await resume(
    scratch,
    fingerprint,
    (reader) =>
      session.assign([...parameters, ...session.memory.keys()], (name, into) =>
        reader(storedName(compiled, name), into),
      ),
    (text) => emit({ kind: 'warning', text }),
    disk,
  );
  if (!resumed.ok) return resumed;
  if (resumed.value !== 'anew')
    return { ok: true, value: { step: resumed.value.step, records: [...resumed.value.records] } };
  // A damaged checkpoint may have been read partly.
  const cleared = await session.assign(session.memory.keys(), zero);
  if (!cleared.ok) return cleared;
  const loaded = await session.assign(parameters, parameterLoader(adapter ?? trainee.initial, model.tensors));
  return loaded.ok ? { ok: true, value: { step: 0, records: [] } } : loaded;
}

async function zero(_: string, into: Float32Array): Promise<Result<void, FileProblem>> {
  into.fill(0);
  return { ok: true, value: undefined };
}

/** Writes a checkpoint, and removes those that are no longer needed. */
export async function save(
  compiled: CompiledTraining,
  fingerprint: string,
  { step, records }: Progress,
): Promise<Result<void, FileProblem>> {
  const { config, scratch, emit, disk } = compiled;
  const state = { fingerprint, step, records };
  const written = await writeCheckpoint(scratch, state, tensorsOf(compiled), disk);
  if (!written.ok) return written;
  emit({ kind: 'checkpoint', step });
  return pruneCheckpoints(
    scratch,
    config.keepCheckpoints,
    bestOf(evaluationsIn(records), config.selectBy)?.step,
    disk,
  );
}

/** Writes the training state to the requested folder. */
export async function leaveStateOf(
  compiled: CompiledTraining,
  fingerprint: string,
  progress: Progress,
): Promise<Result<void, FileProblem>> {
  const { config, scratch, disk, leaveStateIn } = compiled;
  if (leaveStateIn === undefined) return { ok: true, value: undefined };
  const saved = await save(compiled, fingerprint, progress);
  if (!saved.ok) return saved;
  const best = config.restoreBest
    ? bestOf(evaluationsIn(progress.records), config.selectBy)?.step
    : undefined;
  return leaveState(scratch, leaveStateIn, [...(best === undefined ? [] : [best]), progress.step], disk);
}
