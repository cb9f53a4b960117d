import { describe, expect, test } from 'vitest';
import { aimcRow } from '../../stages/formats/aimc.ts';
import type { ExactObject } from '../../src/files/exact-json.ts';
import { huatuoRows } from '../../stages/formats/huatuo.ts';

describe('AIMC', () => {
  const record = {
    Description: 'Q. What helps against a cold?',
    Patient: 'Hi doctor,I have had one since Monday.',
    Doctor: 'Hello. Rest and drink. ',
  };

  test("the question is the description and the patient's text, without labels and greetings", () => {
    expect(aimcRow(record)).toEqual({
      ok: true,
      value: {
        human: 'What helps against a cold? I have had one since Monday.',
        assistant: 'Rest and drink.',
      },
    });
    expect(
      aimcRow({
        ...record,
        Patient: 'Hello doctor, Hi doctor, I ask again.',
        Doctor: 'Hi. Hello doctor, go. Hello, you. Hello.',
      }),
    ).toEqual({
      ok: true,
      value: { human: 'What helps against a cold? I ask again.', assistant: 'Hello doctor, go.  you.' },
    });
    expect(aimcRow({ ...record, Patient: 'Hi doctor,' })).toMatchObject({
      ok: true,
      value: { human: 'What helps against a cold?' },
    });
  });

  test('records that the original excluded are excluded, with the reason', () => {
    expect(aimcRow({ ...record, Description: 'What helps?' })).toEqual({
      ok: false,
      error: { reason: 'no "Q." in Description' },
    });
    expect(aimcRow({ ...record, Patient: 'Hi doctor. I am ill.' })).toEqual({
      ok: false,
      error: { reason: 'no greeting in Patient' },
    });
    expect(aimcRow({ ...record, Doctor: 'hi. Rest.' })).toEqual({
      ok: false,
      error: { reason: 'no greeting in Doctor' },
    });
  });

  test('records of another kind are bad', () => {
    expect(aimcRow({ description: 'Q. What?', Patient: 'x', Doctor: 'y' })).toMatchObject({
      error: {
        reason: 'wrong columns',
        detail: 'expected a string "Description"; found ["description","Patient","Doctor"]',
      },
    });
    expect(aimcRow({ ...record, Patient: ' \u3000' })).toMatchObject({ error: { reason: 'empty turn' } });
    expect(aimcRow({ ...record, Patient: null })).toMatchObject({ error: { reason: 'empty turn' } });
    expect(aimcRow({ ...record, Doctor: 'Hello. Hi.' })).toMatchObject({
      error: { reason: 'empty turn', detail: '"assistant" is empty' },
    });
    expect(aimcRow({ ...record, Doctor: `Hello.${'x'.repeat(1 << 20)}` })).toMatchObject({
      error: { reason: 'field too long' },
    });
    expect(aimcRow({ ...record, Doctor: 'Hello. \uD83D' })).toMatchObject({
      error: { reason: 'broken text' },
    });
  });

  test('slots are kept, as an object or as JSON text', () => {
    const slots = { drug: 'zinc' };
    expect(aimcRow({ ...record, slots })).toMatchObject({ value: { slots } });
    expect(aimcRow({ ...record, slots: JSON.stringify(slots) })).toMatchObject({ value: { slots } });
    expect(aimcRow({ ...record, slots: '' })).toMatchObject({ ok: true });
    for (const bad of ['{', '[]', { drug: 1 }, 7])
      expect(aimcRow({ ...record, slots: bad })).toMatchObject({ error: { reason: 'bad slots' } });
  });
});

describe('Huatuo', () => {
  const huatuoRow = (values: ExactObject) => huatuoRows(values, 'first').rows[0];

  const row = { human: '头痛怎么办？\n', assistant: '多休息。' };

  test('the first question and its answer, in either notation, unchanged', () => {
    const conversations = [
      { from: 'system', value: '你是医生' },
      { from: 'human', value: row.human },
      { from: 'gpt', value: row.assistant },
      { from: 'human', value: '谢谢' },
      { from: 'gpt', value: '不客气' },
    ];
    expect(huatuoRow({ conversations })).toEqual({ ok: true, value: row });
    expect(
      huatuoRow({ id: 1, data: [`问：${row.human}`, `答：${row.assistant}`, '问：谢谢', '答：不客气'] }),
    ).toEqual({ ok: true, value: row });
    expect(huatuoRow({ data: [`问:${row.human}`, '答:问：'], slots: { a: 'b' } })).toEqual({
      ok: true,
      value: { human: row.human, assistant: '问：', slots: { a: 'b' } },
    });
  });

  test('conversations without a question, an answer, or words are bad', () => {
    const reasons = [
      { text: 'x' },
      { data: 'x' },
      { data: [] },
      { data: ['问：a'] },
      { data: ['答：b', '问：a'] },
      { data: ['a', 'b'] },
      { data: [1, null] },
      {
        conversations: [
          { from: 'gpt', value: 'b' },
          { from: 'human', value: 'a' },
        ],
      },
      { conversations: [null, 3, 'x'] },
      {
        conversations: [
          { from: 'human', value: 3 },
          { from: 'gpt', value: 'b' },
        ],
      },
    ].map((values) => huatuoRow(values));
    expect(reasons.map((row_) => (row_?.ok === false ? row_.error.reason : 'row'))).toEqual(
      reasons.map(() => 'wrong columns'),
    );
    expect(huatuoRow({ data: ['问：', '答：b'] })).toMatchObject({ error: { reason: 'empty turn' } });
    expect(huatuoRow({ conversations: [{ from: 'human' }, { from: 'gpt', value: 'b' }] })).toMatchObject({
      error: { reason: 'empty turn' },
    });
  });
});
