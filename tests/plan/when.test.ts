import { describe, expect, test } from 'vitest';
import { planFile } from '../../src/runner/plan/plan-file.ts';
import { select } from '../../src/runner/plan/select.ts';
import { faultOf, faultsOf, planned, planOfText } from '../pipeline-file/planned.ts';

const matrix =
  'matrix: { dataset: [aimc, huatuo], config: [{ name: lora, method: lora, r: 8 }, { name: full, ' +
  'method: full }] }';
const stage = (when: string, more = ''): string =>
  `vars: { ablate: true, sizes: [1, 2] }\nstages:\n  fit:\n    ${matrix}\n    when: ${when}\n` +
  `    params: { size: "\${vars.sizes[0]}", set: "\${dataset}" }\n    cmd: [echo]\n` +
  `    outs: { o: o }\n${more}`;
const idsOf = (text: string): readonly string[] => planOfText(text).instances.map(({ id }) => id);

describe('a stage has the instances for which all conditions hold', () => {
  test.each<readonly [string, readonly string[]]>([
    ['{ dataset: aimc }', ['aimc,lora', 'aimc,full']],
    ['{ dataset: { not: aimc } }', ['huatuo,lora', 'huatuo,full']],
    ['{ dataset: [aimc, huatuo] }', ['aimc,lora', 'aimc,full', 'huatuo,lora', 'huatuo,full']],
    ['{ dataset: { not: [aimc] }, config: full }', ['huatuo,full']],
    ['{ config.method: lora }', ['aimc,lora', 'huatuo,lora']],
    ['{ config.r: 8 }', ['aimc,lora', 'huatuo,lora']],
    ['{ config.r: { not: 8 } }', ['aimc,full', 'huatuo,full']],
    ['{ params.set: aimc }', ['aimc,lora', 'aimc,full']],
    ['{ params.size: 1, dataset: aimc, config: lora }', ['aimc,lora']],
    ['{ vars.ablate: true, dataset: aimc }', ['aimc,lora', 'aimc,full']],
    ['{ "vars.sizes[1]": 2, config: full }', ['aimc,full', 'huatuo,full']],
    ['{ vars.ablate: false }', []],
    ['{ vars.ablate: { not: true } }', []],
    ['{}', ['aimc,lora', 'aimc,full', 'huatuo,lora', 'huatuo,full']],
  ])('%s', (when, labels) => {
    const { result, warnings } = planned(stage(when));
    expect(result.ok && result.value.instances.map(({ id }) => id)).toEqual(
      labels.map((label) => `fit[${label}]`),
    );
    expect(warnings).toEqual([]);
  });

  test('values are compared by type; vars may provide them', () => {
    const axis = (when: string): string =>
      `vars: { which: [1, "1"] }\nstages: { a: { cmd: [echo], matrix: { n: [1, x, 2] }, when: ${when} } }\n`;
    expect(idsOf(axis('{ n: 1.0 }'))).toEqual(['a[1]']);
    expect(idsOf(axis('{ n: "${vars.which[0]}" }'))).toEqual(['a[1]']);
    expect(planned(axis('{ n: ["1", x] }')).warnings.map(({ message }) => message)).toEqual([
      'no instance of a has n = "1": there are 1, x, 2',
    ]);
  });

  test('conditions are not in a key: the other instances are unchanged', () => {
    const without = planOfText(stage('{}')).instances.find(({ id }) => id === 'fit[aimc,lora]');
    const [instance] = planOfText(stage('{ dataset: aimc, config: lora }')).instances;
    // Where they are written differs.
    const places = {
      at: 0,
      paramRanges: 0,
      paramNameRanges: 0,
      program: 0,
      outs: 0,
      resourceRanges: 0,
    };
    expect({ ...instance, ...places }).toEqual({ ...without, ...places });
  });
});

describe('an excluded instance is absent', () => {
  const reader = (more: string): string => `  read:\n    cmd: [echo]\n    ${more}\n`;
  test('from gathered deps', () => {
    const text = stage('{ dataset: aimc }', reader('deps: { all: { from: fit, out: o, gather: true } }'));
    const dep = planOfText(text).instances.at(-1)?.deps['all'];
    expect(dep?.kind === 'gather' && dep.members.map(({ instance }) => instance)).toEqual([
      'fit[aimc,full]',
      'fit[aimc,lora]',
    ]);
  });

  test('from a matrix that takes its instances', () => {
    expect(idsOf(stage('{ config: lora }', reader('matrix: { from: fit }')))).toEqual([
      'fit[aimc,lora]',
      'fit[huatuo,lora]',
      'read[aimc,lora]',
      'read[huatuo,lora]',
    ]);
    expect(idsOf(stage('{ vars.ablate: false }', reader('matrix: { from: fit }')))).toEqual([]);
  });

  test('for a dep, which is an error with the condition', () => {
    const text = stage(
      '{ dataset: aimc }',
      reader(
        `matrix: { dataset: [huatuo], config: [{ name: full, method: full }] }\n` +
          '    deps: { o: { from: fit, out: o } }',
      ),
    );
    expect(faultsOf(text)).toEqual(['left-out 12:16 { from: fit, out: o }']);
    expect(faultOf(text).message).toBe(
      'the dep o of read[huatuo,full] reads fit[huatuo,full], which is left out: its stage has ' +
        '`when`: dataset = aimc',
    );
  });

  test.each(['deps: { o: { from: fit, out: o } }', 'deps: { o: { from: fit, out: o, gather: true } }'])(
    'a stage without instances cannot be read from: %s',
    (deps) => {
      const text = stage('{ vars.ablate: false }', reader(deps));
      expect(faultsOf(text).map((fault) => fault.split(' ')[0])).toEqual(['left-out']);
      const chained = stage(
        '{ vars.ablate: false }',
        `  mid: { matrix: { from: fit }, cmd: [echo], outs: { o: o } }\n` +
          `${reader(deps.replace('fit', 'mid'))}`,
      );
      expect(faultOf(chained).message).toBe('the dep o of read reads mid, which has no instances');
    },
  );

  test('from a selection, which reports the condition', () => {
    const plan = planOfText(stage('{ dataset: aimc }'));
    const chosen = select(plan, { patterns: ['fit[huatuo,lora]'], mode: 'needs' });
    expect(chosen.ok ? [] : chosen.error.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'left-out: fit[huatuo,lora] is left out: the stage has `when`: dataset = aimc',
    ]);
    const off = select(planOfText(stage('{ vars.ablate: false }')), { patterns: ['fit'], mode: 'needs' });
    expect(off.ok ? [] : off.error.map(({ code }) => code)).toEqual(['left-out']);
  });

  test('but `best` may still name its stage and axes', () => {
    const best = 'best: { by: fit.m.loss, goal: min, within: [dataset] }\n';
    const text = stage('{ vars.ablate: false }').replace(
      'outs: { o: o }',
      'outs: { m: { path: m.json, kind: metrics } }',
    );
    expect(planOfText(`${best}${text}`).best?.within).toEqual(['dataset']);
  });
});

describe('a condition must refer to something that exists', () => {
  test.each<readonly [string, string]>([
    ['{ datset: aimc }', 'unknown-reference 5:13 datset'],
    ['{ config.metod: lora }', 'unknown-reference 5:13 config.metod'],
    ['{ vars.ablat: true }', 'unknown-reference 5:13 vars.ablat'],
    ['{ params.sise: 1 }', 'unknown-reference 5:13 params.sise'],
    ['{ params.size.x: 1 }', 'unknown-reference 5:13 params.size.x'],
    ['{ vars: 1 }', 'bad-condition 5:13 vars'],
    ['{ "a b": 1 }', 'bad-condition 5:13 "a b"'],
    ['{ dataset: [] }', 'bad-condition 5:22 []'],
    ['{ dataset: { is: a } }', 'bad-condition 5:22 { is: a }'],
    ['{ dataset: { not: { a: 1 } } }', 'bad-condition 5:29 { a: 1 }'],
    ['{ dataset: "${config.r}" }', 'reference-not-here 5:22 "${config.r}"'],
    ['[dataset]', 'wrong-type 5:11 [dataset]'],
  ])('%s', (when, fault) => {
    expect(faultsOf(stage(when))).toEqual([fault]);
  });

  test('a misspelled axis is reported with the nearest', () => {
    expect(faultOf(stage('{ datset: aimc }')).suggestion).toBe('dataset');
  });

  test('a value that no instance has, or a condition that excludes all, is a warning', () => {
    const told = (when: string): readonly unknown[] =>
      planned(stage(when)).warnings.map(({ code, suggestion }) => [code, suggestion]);
    expect(told('{ dataset: [aimc, huatou] }')).toEqual([['unmatched-value', 'huatuo']]);
    expect(told('{ dataset: { not: huatou } }')).toEqual([['unmatched-value', 'huatuo']]);
    expect(told('{ dataset: aimc, params.set: huatuo }')).toEqual([['none-left', undefined]]);
  });
});

describe('over values of a list', () => {
  const text = (when: string): string => `stages:
  list: { matrix: { dataset: [a, b] }, cmd: [echo], outs: { l: l.json } }
  split:
    matrix: { dataset: [a, b], shard: { $from: list, out: l } }
    when: ${when}
    cmd: [echo]
    outs: { o: o }
`;
  const known = (when: string) => planned(text(when), {}).result;
  test('conditions on known axes apply before the list is known; those on its values do not', () => {
    const result = known('{ dataset: a, shard: x }');
    expect(result.ok && result.value.listed?.map(({ name }) => name)).toEqual(['split[a,*]']);
  });

  test('once it is known, all apply', () => {
    const { result } = planFile({
      file: 'pipeline.yaml',
      overrides: [],
      readText: () => ({ ok: true, value: text('{ dataset: a, shard: { not: x } }') }),
      readList: () => ({ digest: 'd', text: () => '["x", "y", "z"]' }),
    });
    const split = result.ok ? result.value.instances.filter((instance) => instance.stage === 'split') : [];
    expect(split.map(({ id }) => id)).toEqual(['split[a,y]', 'split[a,z]']);
  });

  test('a list made by an excluded instance is an error', () => {
    const made = text('{}').replace('list: {', 'list: { when: { dataset: a },');
    expect(faultOf(made).message).toBe(
      'the list for dataset = b is made by list[b], which is left out: its stage has `when`: dataset = a',
    );
  });
});
