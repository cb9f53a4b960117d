import type { StageMessage } from '../../stage/message.ts';
import { printableLines } from '../wording/printable.ts';

/** A message of a running stage as text; undefined where it is not shown. */
export function messageText(message: StageMessage): string | undefined {
  const text = wordsOf(message);
  return text === undefined ? undefined : printableLines(text);
}

function wordsOf(message: StageMessage): string | undefined {
  switch (message.kind) {
    case 'progress':
      return (
        `${message.done}/${message.total} ` +
        `${message.unit}${message.note === undefined ? '' : `  ${message.note}`}`
      );
    case 'metric':
      return `step ${message.step}: ${Object.entries(message.values)
        .map(([name, value]) => `${name} ${numberText(value)}`)
        .join(', ')}`;
    case 'log':
    case 'warning':
    case 'failure':
      return message.text;
    case 'truncated':
      return message.count === 0
        ? undefined
        : `${message.count} of ${message.of} ${message.what} cut to ${message.limit} tokens`;
    case 'device':
      return `computes with ${message.runtime} on ${message.device}`;
    case 'checkpoint':
      return `checkpoint at step ${message.step}`;
  }
}

/** Six digits tell two steps apart. */
const numberText = (value: number): string => String(Number(value.toPrecision(6)));

/** Messages that a result may not be the expected one. */
export const isWarning = ({ kind }: StageMessage): boolean => kind === 'warning' || kind === 'truncated';
