import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem, fileProblemText } from '../files/file-problem.ts';
import { walkTree } from '../files/walk-tree.ts';
import type { Result } from '../result.ts';
import { cardWithScores } from '../../stages/model-card/card-with-scores.ts';
import { readEvaluation } from '../../stages/results/read-results.ts';

/** The form in which a model is published. */
export interface PublicationRequest {
  /** The model or adapter folder. */
  readonly folder: string;
  /** Without its owner. */
  readonly name: string;
  /** By its name on the hub, as apache-2.0; undefined: the card names one. */
  readonly license: string | undefined;
  /** The metrics.json of its evaluation, and a description of the test data. */
  readonly scores: { readonly file: string; readonly dataset: string } | undefined;
}

export interface Publication {
  /** With the card in its place, in the order of their names. */
  readonly files: readonly PublishedFile[];
  readonly license: string;
}

export interface PublishedFile {
  readonly path: string;
  readonly bytes: number;
  /** A text, or where the file is. */
  readonly content: { readonly text: string } | { readonly file: string };
}

/** The files of a published model: its card has its scores and its licence. */
export async function publicationOf({
  folder,
  name,
  license,
  scores,
}: PublicationRequest): Promise<Result<Publication>> {
  const path = join(folder, cardName);
  const written = await readFile(path, 'utf8').catch((error: unknown) => fileProblem(path, error));
  if (typeof written !== 'string')
    return {
      ok: false,
      error: `${fileProblemText(written)}: pushing a model needs its card, which \`train\` writes`,
    };
  const scored =
    scores === undefined ? { ok: true as const, value: written } : await scoredCard(written, name, scores);
  if (!scored.ok) return { ok: false, error: `${path}: ${scored.error}` };
  const licensed = licensedCard(scored.value, license);
  if (!licensed.ok) return { ok: false, error: `${path}: ${licensed.error}` };
  const entries = await walkTree(folder);
  if (!entries.ok) return { ok: false, error: fileProblemText(entries.error) };
  const others = entries.value.flatMap((entry) =>
    entry.kind === 'file' && entry.path !== cardName
      ? [{ path: entry.path, bytes: Number(entry.stats.size), content: { file: join(folder, entry.path) } }]
      : [],
  );
  const { card } = licensed.value;
  const files = [...others, { path: cardName, bytes: Buffer.byteLength(card), content: { text: card } }];
  files.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { ok: true, value: { files, license: licensed.value.license } };
}

const cardName = 'README.md';

async function scoredCard(
  card: string,
  name: string,
  { file, dataset }: NonNullable<PublicationRequest['scores']>,
): Promise<Result<string>> {
  const evaluation = await readEvaluation(file);
  return evaluation.ok ? cardWithScores(card, { name, dataset, evaluation: evaluation.value }) : evaluation;
}

/** The card with its licence in the front matter, where the hub reads it. */
function licensedCard(
  card: string,
  requested: string | undefined,
): Result<{ readonly card: string; readonly license: string }> {
  const start = '---\n';
  const end = card.startsWith(start) ? card.indexOf('\n---\n', start.length - 1) : -1;
  if (end === -1) return { ok: false, error: 'has no front matter to take the licence from' };
  const named = /^license: *(\S+)$/m.exec(card.slice(0, end + 1))?.[1];
  if (named !== undefined && requested !== undefined && named !== requested)
    return { ok: false, error: `names the licence ${named}, not ${requested}` };
  const license = named ?? requested;
  if (license === undefined)
    return {
      ok: false,
      error:
        'names no licence: choose one that the base model and the data allow, with `--license apache-2.0`',
    };
  return {
    ok: true,
    value: {
      license,
      card: named === undefined ? `${start}license: ${license}\n${card.slice(start.length)}` : card,
    },
  };
}
