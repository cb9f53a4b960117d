import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/runner/diagnostic.ts';
import type { Event, Outcome } from '../../src/runner/event.ts';
import type { InstanceId } from '../../src/runner/identity.ts';
import {
  type AnnotatedFiles,
  diagnosticAnnotations,
  eventAnnotations,
} from '../../src/runner/report/display/github.ts';

const text = 'stages:\n  训练: { parms: 1 }\n';
const files: AnnotatedFiles = {
  placeOf: (file) => (file === '--set' ? undefined : `/repository/${file}`),
  textOf: (file) => (file.endsWith('.yaml') ? text : undefined),
};
const fault: Diagnostic = {
  severity: 'error',
  code: 'unknown-key',
  message: 'a stage has no "parms"',
  at: { file: 'a,b:c.yaml', offset: text.indexOf('parms'), length: 5 },
};
const finished = (outcome: Outcome): Event => ({
  kind: 'finished',
  at: 0,
  instance: 'train[aimc,lora]' as InstanceId,
  key: null,
  outcome,
});

test('a fault is annotated at its line and column, with what to do, escaped on one line', () => {
  expect(
    diagnosticAnnotations([{ ...fault, suggestion: 'params', help: '100 % sure:\r\nread on' }], files),
  ).toEqual([
    '::error file=/repository/a%2Cb%3Ac.yaml,line=2,col=9,title=unknown-key::a stage has no ' +
      '"parms"%0Adid you mean "params"?%0Ahelp: 100 %25 sure:%0D%0Aread on',
  ]);
});

test('a warning is annotated as one; without its source text it has no line', () => {
  const warned: Event = {
    kind: 'warned',
    at: 0,
    instance: null,
    diagnostic: { ...fault, severity: 'warning', at: { file: 'rows/one.txt', offset: 3, length: 1 } },
  };
  expect(eventAnnotations(warned, files)).toEqual([
    '::warning file=/repository/rows/one.txt,title=unknown-key::a stage has no "parms"',
  ]);
});

test('a fault without a file has no annotation', () => {
  const { at: _, ...nowhere } = fault;
  expect(
    diagnosticAnnotations([nowhere, { ...fault, at: { file: '--set', offset: 0, length: 1 } }], files),
  ).toEqual([]);
});

test('a failed stage is annotated at its definition with the end of its output', () => {
  expect(
    eventAnnotations(
      finished({
        kind: 'failed',
        failure: { kind: 'exit', code: 3 },
        seconds: 2,
        tail: ['loss: NaN', '::error::no'],
      }),
      files,
    ),
  ).toEqual(['::error title=train[aimc%2Clora]::failed after 2.0 s: exit code 3%0Aloss: NaN%0A::error::no']);
  expect(
    eventAnnotations(finished({ kind: 'failed', failure: { kind: 'exit', code: 3 }, seconds: 2, tail: [] }), {
      ...files,
      writtenAt: () => fault.at,
    }),
  ).toEqual([
    '::error file=/repository/a%2Cb%3Ac.yaml,line=2,col=9,title=train[aimc%2Clora]::failed after ' +
      '2.0 s: exit code 3',
  ]);
  expect(eventAnnotations(finished({ kind: 'ran', seconds: 1, published: true }), files)).toEqual([]);
});
