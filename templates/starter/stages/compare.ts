import { fileProblemText } from 'medical-qa-pipeline/files/file-problem';
import { isJsonObject, readJson } from 'medical-qa-pipeline/files/json';
import { writeFileAtomically } from 'medical-qa-pipeline/files/write-atomically';
import { defineStage } from 'medical-qa-pipeline/stage';

/** A Markdown table with a row for each instance of `guess`. */
export const stage = defineStage<Record<string, never>, 'guesses', 'scores'>({
  params: { type: 'object', additionalProperties: false },
  deps: ['guesses'],
  outs: ['scores'],
  async run({ gathered, outs }) {
    const lines = ['| neighbours | accuracy |', '| ---: | ---: |'];
    for (const { axes, path } of gathered.guesses) {
      const metrics = await readJson(path);
      if (!metrics.ok) return { ok: false, error: fileProblemText(metrics.error) };
      const accuracy = isJsonObject(metrics.value) ? metrics.value['accuracy'] : undefined;
      if (typeof accuracy !== 'number') return { ok: false, error: `${path}: expected a number "accuracy"` };
      lines.push(`| ${String(axes['neighbours'])} | ${accuracy.toFixed(3)} |`);
    }
    const written = await writeFileAtomically(outs.scores, `${lines.join('\n')}\n`);
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});
