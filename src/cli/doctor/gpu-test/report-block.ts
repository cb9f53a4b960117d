import { sizeText } from '../../../runner/wording/size-text.ts';
import { type Check, type Figure, isOver, numberText } from './check.ts';

/** What a report needs of a machine. */
export interface TestedMachine {
  readonly project: string;
  readonly node: string;
  readonly tensorflow: string;
  readonly driver: string;
  readonly cards: string;
  readonly cpu: string;
  readonly device: 'cpu' | 'cuda';
}

/** A fenced block of all that was found, for an issue: without the user's own paths. */
export const reportBlock = (machine: TestedMachine, checks: readonly Check[], home: string): string =>
  [
    '```text',
    ...Object.entries(machine).map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...checks.flatMap(({ part, state, message, figures }) => [
      `${part.padEnd(width)}  ${state}: ${withoutFolders(message, home)}`,
      ...figures.map(figureLine),
    ]),
    '```',
    '',
  ].join('\n');

/** With the names of files alone, but for those that every Linux has. */
const withoutFolders = (text: string, home: string): string =>
  text.replaceAll('file://', '').replaceAll(`${home}/`, '/home/').replaceAll(ownFolders, '…/');

const ownFolders = /(?<![\w.:/-])\/(?!(?:dev|proc|usr|lib|lib64)\/)(?:[^\s/:'"`]+\/)+/g;

const width = 18;

const figureLine = (figure: Figure): string =>
  `  ${figure.name.padEnd(28)}  ${valueText(figure)}` +
  (figure.bound === null ? '' : `  (at most ${numberText(figure.bound)})`) +
  (isOver(figure) ? '  FAILED' : '');

function valueText({ value, unit }: Figure): string {
  if (value === null) return 'not a number';
  switch (unit) {
    case 'bytes':
      return sizeText(value);
    case 'ms':
      return `${value.toFixed(1)} ms`;
    case 'differences':
      return value === 0 ? 'equal' : `${value} different`;
    case 'relative':
      return numberText(value);
  }
}
