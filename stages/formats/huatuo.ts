import { type Json, type JsonObject, isJsonObject } from '../../src/files/json.ts';
import { type Row, type RowFault, rowOf, wrongColumns } from '../../src/ml/dataset/row.ts';
import type { Result } from '../../src/result.ts';

/**
 * The row of a Huatuo conversation: the first question and the answer to it, as they are; later turns are left out. Two
 * forms occur: ShareGPT's `{"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}`, and that of
 * HuatuoGPT-sft-data-v1, `{"data": ["问：…", "答：…"]}`.
 */
export function huatuoRow(values: JsonObject): Result<Row, RowFault> {
  const { conversations, data, slots = null } = values;
  const turns = Array.isArray(conversations)
    ? conversations.map(shareGptTurn)
    : Array.isArray(data)
      ? data.map(markedTurn)
      : undefined;
  if (turns === undefined)
    return { ok: false, error: wrongColumns('a list "conversations" or "data"', values) };
  const question = turns.findIndex((turn) => turn?.from === 'human');
  const answer = turns.find((turn, index) => index > question && turn?.from === 'gpt');
  const asked = turns[question];
  if (asked === undefined || answer === undefined)
    return {
      ok: false,
      error: {
        reason: 'wrong columns',
        detail: 'expected a question ("human" or "问：") and an answer to it ("gpt" or "答：")',
      },
    };
  return rowOf({ human: asked.text, assistant: answer.text, slots });
}

interface Turn {
  readonly from: 'human' | 'gpt';
  readonly text: Json;
}

/** A turn of somebody else (a system prompt, say) is none. */
function shareGptTurn(turn: Json): Turn | undefined {
  if (!isJsonObject(turn)) return undefined;
  const { from, value = null } = turn;
  return from === 'human' || from === 'gpt' ? { from, text: value } : undefined;
}

function markedTurn(turn: Json): Turn | undefined {
  if (typeof turn !== 'string') return undefined;
  if (/^问[：:]/.test(turn)) return { from: 'human', text: turn.slice(2) };
  return /^答[：:]/.test(turn) ? { from: 'gpt', text: turn.slice(2) } : undefined;
}
