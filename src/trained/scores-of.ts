import { join } from 'node:path';
import type { Result } from '../result.ts';
import type { TracedResult } from '../runner/answers/models.ts';
import { shellName } from '../runner/wording/shell-name.ts';
import type { PublicationRequest } from './publication.ts';

/**
 * The scores for a model's card: of its only evaluation with an out `metrics`, or of the one named by
 * instance or stage. Undefined: it has none.
 */
export function scoresOf(
  root: string,
  evaluations: readonly TracedResult[],
  requested: string | undefined,
): Result<PublicationRequest['scores']> {
  const scored = evaluations.flatMap((result) => {
    const out = result.files['metrics'];
    return out?.kind === 'metrics' ? [{ result, file: out.file }] : [];
  });
  const chosen = scored.filter(
    ({ result: { instance, stage } }) =>
      requested === undefined ||
      requested === instance ||
      requested === shellName(instance) ||
      requested === stage,
  );
  const [only] = chosen;
  const known = scored.map(({ result }) => shellName(result.instance)).join(', ');
  if (chosen.length > 1)
    return { ok: false, error: `several evaluations have scores: choose one with \`--as\`: ${known}` };
  if (only === undefined)
    return requested === undefined
      ? { ok: true, value: undefined }
      : { ok: false, error: `"${requested}" has no scores of the model: expected one of ${known || 'none'}` };
  const { labels, instance } = only.result;
  return {
    ok: true,
    value: { file: join(root, only.file), dataset: `the test rows of ${labels['dataset'] ?? instance}` },
  };
}
