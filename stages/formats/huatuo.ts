import { type ExactJson, type ExactObject, isExactList, parseExactJson } from '../../src/files/exact-json.ts';
import { wrongColumns } from '../../src/ml/dataset/row.ts';
import { markedTurn, type RecordRows, rowsOfTurns, turnOf, type TurnsRead } from './turns.ts';

/**
 * The rows of a Huatuo conversation, with unchanged texts. Two forms occur: ShareGPT's `{"conversations":
 * [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}`, and that of HuatuoGPT-sft-data-v1,
 * `{"data": ["问：…", "答：…"]}`.
 */
export function huatuoRows(values: ExactObject, read: TurnsRead): RecordRows {
  const { conversations = null, data = null, slots = null } = values;
  const [listed, marked] = [listOf(conversations), listOf(data)];
  const turns = listed?.map(turnOf) ?? marked?.map(markedTurn);
  return turns === undefined
    ? {
        rows: [{ ok: false, error: wrongColumns('a list "conversations" or "data"', values) }],
        laterExchanges: 0,
      }
    : rowsOfTurns(turns, read, slots);
}

/** A list, or the JSON text of one, as a table holds it. */
export function listOf(value: ExactJson): readonly ExactJson[] | undefined {
  if (isExactList(value)) return value;
  if (typeof value !== 'string' || !/^\s*\[/.test(value)) return undefined;
  const parsed = parseExactJson(value, '');
  return parsed.ok && isExactList(parsed.value) ? parsed.value : undefined;
}
