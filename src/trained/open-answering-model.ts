import { openRuntime } from '../ml/runtime/open-runtime.ts';
import type { Result } from '../result.ts';
import type { ModelPlace } from '../runner/answers/models.ts';
import type { TypedPipeline } from '../runner/wording/command-text.ts';
import type { StageMessage } from '../stage/message.ts';
import { openAnswerer } from '../../stages/answers/open-answerer.ts';
import { type AskOverrides, askSettings } from './ask-settings.ts';
import { chooseEvaluation } from './choose-evaluation.ts';
import { modelFolders } from './open-model.ts';

export interface AnsweringModel {
  /** The answers to a question, each with how it was made. */
  answer(question: string, signal: AbortSignal): Promise<readonly ModelAnswer[]>;
  release(): Promise<void>;
}

export interface ModelAnswer {
  readonly instance: string;
  /** "beam search", "temperature 0.7". */
  readonly setting: string;
  readonly answer: string;
}

interface AskRequest {
  readonly root: string;
  readonly place: ModelPlace;
  readonly typed: TypedPipeline;
  /** The evaluation, or its stage, whose settings are taken. */
  readonly as: string | undefined;
  readonly overrides: AskOverrides;
  readonly onWarning: (text: string) => void;
}

/**
 * Opens a model with the engine, the threads and the settings of its evaluation, so that it answers as it did
 * there.
 */
export async function openAnsweringModel({
  root,
  place,
  typed,
  as,
  overrides,
  onWarning,
}: AskRequest): Promise<Result<AnsweringModel>> {
  const evaluation = chooseEvaluation(place, as);
  if (!evaluation.ok) return evaluation;
  const settings = askSettings(place, evaluation.value, overrides);
  if (!settings.ok) return settings;
  const folders = modelFolders(root, place, typed);
  if (!folders.ok) return folders;
  for (const warning of folders.value.warnings) onWarning(warning);
  const { params, searches } = settings.value;
  const emit = (message: StageMessage): void => {
    const text = warningIn(message);
    if (text !== undefined) onWarning(text);
  };
  const runtime = await openRuntime(params.runtime, { threads: evaluation.value.cpus });
  const answerer = await openAnswerer({
    ...folders.value,
    runtime,
    params,
    searches: searches.map(({ search }) => search),
    emit,
  });
  if (!answerer.ok) return answerer;
  return {
    ok: true,
    value: {
      async answer(question, signal) {
        const answers = await answerer.value.answer([question], signal);
        return searches.map(({ name }, index) => ({
          instance: place.instance,
          setting: name,
          answer: answers[index]?.[0] ?? '',
        }));
      },
      release: () => answerer.value.release(),
    },
  };
}

/** Notes for people, which a stage would send to the runner. */
function warningIn(message: StageMessage): string | undefined {
  if (message.kind === 'warning') return message.text;
  if (message.kind !== 'truncated' || message.count === 0) return undefined;
  return message.what === 'questions'
    ? `the question was cut to ${message.limit} tokens`
    : `an answer ended at ${message.limit} tokens, before it was complete`;
}
