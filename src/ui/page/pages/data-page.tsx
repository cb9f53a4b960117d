import type { DataAnswer, DataSet, LengthHistogram, ReasonCount } from '../../../pages/result-answers.ts';
import { changed, go } from '../address.ts';
import { numberText, percentText } from '../number-text.ts';
import { Choice, Command, Empty, PageHead, Waiting } from '../parts.tsx';
import { endsRun } from '../use-live.ts';
import { useLiveAnswer } from '../use-live-answer.ts';
import { useWidth } from '../charts/use-width.ts';

/**
 * The preparation of the raw data: rows, what was dropped and why, duplicates across splits, lengths,
 * truncation.
 */
export function DataPage({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem, isLoading } = useLiveAnswer<DataAnswer>('/api/data', endsRun);
  const set = answer?.sets.find(({ instance }) => instance === query.get('set')) ?? answer?.sets[0];
  return (
    <>
      <PageHead title="Data" text="How the raw records were prepared">
        {set !== undefined && <Command command="log" names={[set.instance]} />}
      </PageHead>
      <Waiting problem={problem} isLoading={isLoading && answer === undefined} />
      {answer !== undefined && answer.faults.length > 0 && (
        <pre class="problem">{answer.faults.join('\n')}</pre>
      )}
      {answer !== undefined && set === undefined && (
        <Empty>No data has been prepared yet. Outs “preparation” with counts appear here.</Empty>
      )}
      {answer !== undefined && set !== undefined && (
        <>
          {answer.sets.length > 1 && (
            <Choice
              label="Data set"
              options={answer.sets.map(({ instance }) => [instance, instance])}
              value={set.instance}
              onChoose={(instance) => go(changed(query, { set: instance }))}
            />
          )}
          <OneSet set={set} />
        </>
      )}
    </>
  );
}

function OneSet({ set }: { readonly set: DataSet }) {
  return (
    <>
      <dl class="tiles">
        {set.counts.map(({ name, count }) => (
          <div key={name} class="card">
            <dt class="muted">{name}</dt>
            <dd>{numberText(count)}</dd>
          </div>
        ))}
      </dl>
      {set.lengths.length > 0 && (
        <section class="card">
          <h2>Lengths in characters</h2>
          <div class="histograms">
            {set.lengths.map((lengths) => (
              <Histogram key={`${lengths.split} ${lengths.field}`} lengths={lengths} />
            ))}
          </div>
        </section>
      )}
      {set.truncations.length > 0 && <Truncations truncations={set.truncations} />}
      <div class="two">
        <section class="card">
          <h2>Duplicates</h2>
          {set.leaks.length === 0 ? (
            <p class="muted">not checked</p>
          ) : (
            <table class="plain">
              <thead>
                <tr>
                  <th scope="col">Rows</th>
                  <th scope="col">Kinds</th>
                  <th scope="col" class="number">
                    Count
                  </th>
                </tr>
              </thead>
              <tbody>
                {set.leaks.map(({ name, total, kinds }) => (
                  <tr key={name}>
                    <td>{name}</td>
                    <td class="muted">
                      {Object.entries(kinds)
                        .filter(([, count]) => count > 0)
                        .map(([kind, count]) => `${count} ${kind}`)
                        .join(', ') || 'none'}
                    </td>
                    <td class="number">{total}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {set.leakMethod !== '' && <p class="note muted">{set.leakMethod}</p>}
        </section>
        <section class="card">
          <h2>Files</h2>
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">File</th>
                <th scope="col">Read as</th>
                <th scope="col" class="number">
                  Rows
                </th>
              </tr>
            </thead>
            <tbody>
              {set.files.map(({ file, readAs, rows }) => (
                <tr key={file}>
                  <td class="name">{file}</td>
                  <td>{readAs}</td>
                  <td class="number">{numberText(rows)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
      <div class="two">
        <Reasons title="Dropped" reasons={set.dropped} />
        <Reasons title="Repaired" reasons={set.repaired} />
      </div>
    </>
  );
}

function Reasons({ title, reasons }: { readonly title: string; readonly reasons: readonly ReasonCount[] }) {
  const total = reasons.reduce((sum, { count }) => sum + count, 0);
  return (
    <section class="card">
      <h2>
        {title} <span class="muted">{total}</span>
      </h2>
      {reasons.length === 0 && <p class="muted">nothing</p>}
      {reasons.map(({ reason, count, examples }) => (
        <details key={reason} class="section">
          <summary>
            {reason} <span class="muted">{count}</span>
          </summary>
          <ul>
            {examples.map((example) => (
              <li key={example} dir="auto">
                {example}
              </li>
            ))}
          </ul>
        </details>
      ))}
    </section>
  );
}

const histogramHeight = 110;

function Histogram({ lengths }: { readonly lengths: LengthHistogram }) {
  const { split, field, rows, least, median, most, bins } = lengths;
  const [box, width] = useWidth();
  const highest = Math.max(1, ...bins.map(({ count }) => count));
  const step = width / Math.max(1, bins.length);
  const high = (count: number): number => (count / highest) * (histogramHeight - 34);
  return (
    <figure class="histogram">
      <figcaption>
        <strong>{field}</strong> <span class="muted">{split}</span>
        <span class="muted numbers">
          {rows} rows · {least} – {most}, median {median}
        </span>
      </figcaption>
      <div ref={box}>
        <svg
          class="chart"
          width={width}
          height={histogramHeight}
          role="img"
          aria-label={`${field} of ${split}: from ${least} to ${most} characters, median ${median}`}
        >
          {bins.map(({ from, to, count }, index) => (
            <rect
              key={from}
              class="column"
              x={index * step + 1}
              y={histogramHeight - 20 - high(count)}
              width={Math.max(1, step - 2)}
              height={high(count)}
            >
              <title>{`${from} to ${to - 1}: ${count}`}</title>
            </rect>
          ))}
          <text class="tick" x="0" y={histogramHeight - 4}>
            {bins[0]?.from}
          </text>
          <text class="tick" x={width} y={histogramHeight - 4} text-anchor="end">
            {bins.at(-1)?.to}
          </text>
        </svg>
      </div>
    </figure>
  );
}

function Truncations({ truncations }: { readonly truncations: DataSet['truncations'] }) {
  return (
    <section class="card">
      <h2>Truncation</h2>
      <div class="wide">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Texts</th>
              <th scope="col" class="number">
                Limit in tokens
              </th>
              <th scope="col" class="number">
                Longest
              </th>
              <th scope="col" class="number">
                Cut
              </th>
              <th scope="col" class="number">
                Share
              </th>
              <th scope="col">In</th>
            </tr>
          </thead>
          <tbody>
            {truncations.map(({ what, limit, rows, cut, longest, instances }) => (
              <tr key={instances[0] + what} class={cut > 0 ? 'warned' : undefined}>
                <td>{what}</td>
                <td class="number">{numberText(limit)}</td>
                <td class="number">{longest === undefined ? '–' : numberText(longest)}</td>
                <td class="number">
                  {numberText(cut)} of {numberText(rows)}
                </td>
                <td class="number">{percentText(cut / Math.max(1, rows))}</td>
                <td>
                  <Instances names={instances} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="note muted">
        Texts above the limit lose their end. Questions count with the prompt around them. Cut answers of
        evaluations reached the maximum length.
      </p>
    </section>
  );
}

function Instances({ names }: { readonly names: readonly string[] }) {
  const [first = ''] = names;
  if (names.length <= 2) return <span class="name">{names.join(', ')}</span>;
  return (
    <details>
      <summary>
        <span class="name">{first}</span> and {names.length - 1} more
      </summary>
      <span class="name">{names.slice(1).join(', ')}</span>
    </details>
  );
}
