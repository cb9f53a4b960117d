import type { Result } from '../result.ts';
import type { EvaluationOfModel, ModelPlace } from '../runner/answers/models.ts';
import { shellName } from '../runner/wording/shell-name.ts';

/**
 * The evaluation whose generation settings are used: the one that scores the model's answers. `requested`:
 * the instance, or the stage, to use instead.
 */
export function chooseEvaluation(
  { instance, evaluations }: Pick<ModelPlace, 'instance' | 'evaluations'>,
  requested: string | undefined,
): Result<EvaluationOfModel> {
  const answering = evaluations.filter(({ params }) => typeof params['maxLength'] === 'number');
  const named = requested === undefined ? [] : answering.filter((one) => isNamed(one, requested));
  const chosen = requested === undefined ? answering.filter(({ isScored }) => isScored) : named;
  const [only] = chosen;
  if (only !== undefined && chosen.length === 1) return { ok: true, value: only };
  const known = answering.map((one) => shellName(one.instance)).join(', ');
  if (known === '')
    return {
      ok: false,
      error:
        `no instance evaluates only ${instance} (with a param "maxLength"), so ` +
        'there are no generation settings to use',
    };
  if (chosen.length > 1)
    return {
      ok: false,
      error:
        `several evaluations use ${instance}: choose one with \`--as\`: ` +
        `${chosen.map((one) => shellName(one.instance)).join(', ')}`,
    };
  return {
    ok: false,
    error:
      requested === undefined
        ? `no evaluation of ${instance} has metrics: choose one to use its settings with \`--as\`: ${known}`
        : `"${requested}" does not evaluate ${instance}: expected one of ${known}`,
  };
}

const isNamed = ({ instance, stage }: EvaluationOfModel, requested: string): boolean =>
  requested === instance || requested === shellName(instance) || requested === stage;
