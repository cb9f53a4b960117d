import {
  bytesField,
  doubleField,
  floatField,
  integerField,
  joined,
  type Message,
  messageField,
  textField,
} from '../../ml/runtime/protobuf.ts';
import type { ParamValue } from '../flat-params.ts';

/** When and at which step something was; milliseconds since the epoch. */
interface EventTime {
  readonly at: number;
  readonly step: number;
}

// Messages and field numbers: tensorflow/core/util/event.proto, framework/summary.proto,
// framework/tensor.proto, and tensorboard/plugins/hparams/plugin_data.proto; the texts and params plugins
// read their metadata.

/** The first event of a file. */
export const fileVersion = (at: number): Uint8Array =>
  event({ at, step: 0 }, [textField(3, 'brain.Event:2')]);

/** An event with one number, a float32. */
export const scalar = (time: EventTime, tag: string, value: number): Uint8Array =>
  summary(time, [textField(1, tag), floatField(2, value)]);

/** Texts in rows and columns, the first row the heading, as the text plugin shows them. */
export function textTable(time: EventTime, tag: string, rows: readonly (readonly string[])[]): Uint8Array {
  const sizes = [rows.length, rows[0]?.length ?? 0];
  const tensor: Message = [
    integerField(1, stringType),
    messageField(
      2,
      sizes.map((size) => messageField(2, [integerField(1, size)])),
    ),
    ...rows.flat().map((text) => textField(8, text)),
  ];
  return summary(time, [
    textField(1, tag),
    messageField(8, tensor),
    metadata('text', undefined, tensorClass),
  ]);
}

/** The params of a run, for the HParams page. */
export function sessionStart(at: number, params: Readonly<Record<string, ParamValue>>): Uint8Array {
  const entries = Object.entries(params).map(([name, value]) =>
    messageField(1, [textField(1, name), messageField(2, [paramValue(value)])]),
  );
  return session(at, '_hparams_/session_start_info', 3, [...entries, doubleField(5, at / 1000)]);
}

/** The run ended, with success. */
export const sessionEnd = (at: number): Uint8Array =>
  session(at, '_hparams_/session_end_info', 4, [integerField(1, 1), doubleField(2, at / 1000)]);

/** google.protobuf.Value. */
function paramValue(value: ParamValue): Uint8Array {
  switch (typeof value) {
    case 'string':
      return textField(3, value);
    case 'number':
      return doubleField(2, value);
    case 'boolean':
      return integerField(4, value ? 1 : 0);
    case 'object':
      return integerField(1, 0);
  }
}

function session(at: number, tag: string, field: number, info: Message): Uint8Array {
  const content = joined([integerField(1, 0), messageField(field, info)]);
  return summary({ at, step: 0 }, [textField(1, tag), metadata('hparams', content)]);
}

const metadata = (plugin: string, content?: Uint8Array, dataClass?: number): Uint8Array =>
  messageField(9, [
    messageField(1, [textField(1, plugin), ...(content === undefined ? [] : [bytesField(2, content)])]),
    ...(dataClass === undefined ? [] : [integerField(4, dataClass)]),
  ]);

/** DT_STRING, and DATA_CLASS_TENSOR. */
const stringType = 7;
const tensorClass = 2;

const summary = (time: EventTime, value: Message): Uint8Array =>
  event(time, [messageField(5, [messageField(1, value)])]);

const event = ({ at, step }: EventTime, what: Message): Uint8Array =>
  joined([doubleField(1, at / 1000), integerField(2, Math.round(step)), ...what]);
