import type { ExactObject } from '../../src/files/exact-json.ts';
import { type Row, type RowFault, rowOf, textOf, wrongColumns } from '../../src/ml/dataset/row.ts';
import { pythonStrip } from '../../src/ml/text/python-text.ts';
import type { Result } from '../../src/result.ts';
import { type Unwanted, aimcRow } from './aimc.ts';
import { huatuoRows, listOf } from './huatuo.ts';
import { type RecordRows, rowsOfTurns, turnOf, type TurnsRead } from './turns.ts';

/**
 * What the records of a raw data set mean. `rows` (`jsonl` is its older name): questions and answers under
 * the names that
 * `columns` gives, or in the first known form whose columns are there.
 */
export type RawFormat = 'rows' | 'jsonl' | 'aimc' | 'huatuo' | 'alpaca' | 'messages' | 'sharegpt';

/** The names under which a data set holds questions, answers and, if it has them, slots. */
export interface ColumnNames {
  readonly human: string;
  readonly assistant: string;
  readonly slots?: string;
}

export interface FormChoice {
  readonly format: RawFormat;
  readonly columns?: ColumnNames;
  readonly turns?: TurnsRead;
}

/** How records become rows. */
export interface RawForm {
  /** For messages. */
  readonly name: string;
  /** The columns without which no record has a row. */
  readonly needed: readonly string[];
  /** Those that are read where they are there. */
  readonly optional: readonly string[];
  readonly rowsOf: (values: ExactObject) => FormRows;
}

/** As the rows of any record, but that a format may have filters. */
export type FormRows = Omit<RecordRows, 'rows'> & {
  readonly rows: readonly Result<Row, RowFault | Unwanted>[];
};

/** The form of records that have these columns. */
export function formOf(
  { format, columns, turns = 'first' }: FormChoice,
  names: readonly string[],
): Result<RawForm, RowFault> {
  const known = columns === undefined ? formsOf(format, turns) : [renamed(columns)];
  const found = known.find(({ needed }) => needed.every((name) => names.includes(name)));
  if (found !== undefined) return { ok: true, value: found };
  const [only, ...others] = known;
  return {
    ok: false,
    error:
      only !== undefined && others.length === 0
        ? lacks(
            only.needed.filter((name) => !names.includes(name)),
            names,
          )
        : {
            reason: 'wrong columns',
            detail:
              'expected "human" and "assistant", or a form that docs/data.md lists; found ' +
              `${shown(names)}: name the columns with the param \`columns\``,
          },
  };
}

const lacks = (missing: readonly string[], names: readonly string[]): RowFault => ({
  reason: 'wrong columns',
  detail: `it lacks ${missing.map((name) => JSON.stringify(name)).join(', ')}; found ${shown(names)}`,
});

const shown = (names: readonly string[]): string => JSON.stringify(names.slice(0, 20)).slice(0, 400);

function formsOf(format: RawFormat, turns: TurnsRead): readonly RawForm[] {
  switch (format) {
    case 'aimc':
      return [aimc];
    case 'huatuo':
      return [{ ...huatuo(turns), needed: [] }];
    case 'alpaca':
      return [alpaca];
    case 'messages':
      return [conversation('messages', turns)];
    case 'sharegpt':
      return [conversation('conversations', turns)];
    case 'rows':
    case 'jsonl':
      return [
        pair('human', 'assistant'),
        conversation('messages', turns),
        conversation('conversations', turns),
        alpaca,
        pair('question', 'answer'),
        pair('prompt', 'completion'),
        pair('prompt', 'response'),
        pair('instruction', 'response', 'context'),
        huatuo(turns),
      ];
  }
}

const pair = (human: string, assistant: string, context?: string): RawForm =>
  renamed({ human, assistant, slots: 'slots' }, context);

/**
 * Questions and answers under names of their own; a context that is not blank follows the question on a line
 * of its own.
 */
function renamed({ human, assistant, slots }: ColumnNames, context?: string): RawForm {
  return {
    name: `"${human}" and "${assistant}"`,
    needed: [human, assistant],
    optional: [slots, context].filter((name) => name !== undefined),
    rowsOf: (values) => {
      const question = textOf(values, human);
      if (!question.ok) return one(question);
      const answer = textOf(values, assistant);
      if (!answer.ok) return one(answer);
      const more = context === undefined ? undefined : values[context];
      return one(
        rowOf({
          human:
            typeof more === 'string' && pythonStrip(more) !== ''
              ? `${question.value}\n${more}`
              : question.value,
          assistant: answer.value,
          slots: (slots === undefined ? undefined : values[slots]) ?? null,
        }),
      );
    },
  };
}

/** Alpaca: an instruction, the input it is about, and the output. */
const alpaca: RawForm = {
  ...renamed({ human: 'instruction', assistant: 'output', slots: 'slots' }, 'input'),
  name: 'Alpaca ("instruction", "input", "output")',
};

function conversation(column: 'messages' | 'conversations', turns: TurnsRead): RawForm {
  return {
    name: `conversations in "${column}"`,
    needed: [column],
    optional: ['slots'],
    rowsOf: (values) => {
      const list = listOf(values[column] ?? null);
      return list === undefined
        ? one({ ok: false, error: wrongColumns(`a list "${column}"`, values) })
        : rowsOfTurns(list.map(turnOf), turns, values['slots'] ?? null);
    },
  };
}

const huatuo = (turns: TurnsRead): RawForm => ({
  name: 'Huatuo conversations',
  needed: ['data'],
  optional: ['conversations', 'data', 'slots'],
  rowsOf: (values) => huatuoRows(values, turns),
});

const aimc: RawForm = {
  name: 'AIMC ("Description", "Patient", "Doctor")',
  needed: ['Description', 'Patient', 'Doctor'],
  optional: ['slots'],
  rowsOf: (values) => one(aimcRow(values)),
};

const one = (row: Result<Row, RowFault | Unwanted>): FormRows => ({ rows: [row], laterExchanges: 0 });
