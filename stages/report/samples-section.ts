import type { Samples } from '../results/evaluation.ts';
import { type Axed, modelOf } from '../results/score-row.ts';
import { html, type Html } from './html.ts';

/** The answers of all models to one question beside each other, by temperature. */
export function samplesSection(samples: readonly Axed<Samples>[]): Html {
  const [first] = samples;
  if (first === undefined) return html`<p class="quiet">No samples.</p>`;
  const temperatures = Object.keys(first.content.answers);
  const titles = temperatures.map((name) => html`<th>temperature ${name.replace(/^temp_/, '')}</th>`);
  const answers = (question: number): readonly Html[] =>
    samples.map(
      ({ axes, content }) =>
        html`<tr><th>${seededModelOf(axes)}</th>${temperatures.map(
          (temperature) => html`<td>${content.answers[temperature]?.[question] ?? ''}</td>`,
        )}</tr>`,
    );
  return html`${first.content.questions.map(
    (question, index) =>
      html`<details${index === 0 ? ' open' : ''}><summary>${question}</summary>
<div class="wide"><table class="text"><thead><tr><th>model</th>${titles}</tr></thead>
<tbody>${answers(index)}</tbody></table></div></details>`,
  )}`;
}

/** With the seed, where there is such an axis: each seed has samples of its own. */
const seededModelOf = (axes: Axed<Samples>['axes']): string =>
  axes['seed'] === undefined ? modelOf(axes) : `${modelOf(axes)}, seed ${String(axes['seed'])}`;
