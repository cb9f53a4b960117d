/** Files of a project that has all that the page shows: each stage copies what a real one would compute. */
export function shownProject(): Readonly<Record<string, unknown>> {
  const files: Record<string, unknown> = {};
  for (const dataset of datasets) {
    files[`data/${dataset}/train.jsonl`] = rows(dataset, 0, 60).map(rowLine).join('\n');
    files[`data/${dataset}/test.jsonl`] = rows(dataset, 60, rowsOfTest).map(rowLine).join('\n');
    files[`data/${dataset}/preparation.json`] = preparation(dataset);
    for (const [place, { name, rate }] of configs.entries()) {
      const at = `data/${dataset},${name}`;
      files[`${at}/log.jsonl`] = series(place).join('\n');
      files[`${at}/summary.json`] = { selection_loss: 0.5 / (place + 1), steps: 40 };
      files[`${at}/weights`] = `${rate}`;
      files[`${at}/predictions.jsonl`] = predictions(dataset, place).join('\n');
      files[`${at}/metrics.json`] = metrics(place);
      files[`${at}/samples.json`] = samples(dataset, place);
    }
  }
  files['copy.sh'] = 'for out in "$@"; do cp "${out%%=*}" "${out#*=}"; done\n';
  files['pipeline.yaml'] = {
    name: 'shown',
    best: { by: 'train.summary.selection_loss', goal: 'min', within: ['dataset'] },
    stages: {
      'data-format': {
        description: 'Raw records to questions and answers',
        matrix: { dataset: datasets },
        cmd: copies({ train: 'train', test: 'test', preparation: 'preparation' }),
        deps: inputs('data/${dataset}', ['train.jsonl', 'test.jsonl', 'preparation.json']),
        outs: { train: 'train.jsonl', test: 'test.jsonl', preparation: 'preparation.json' },
      },
      train: {
        description: 'One model each point',
        matrix: { dataset: datasets, config: configs },
        cmd: copies({ model: 'weights', log: 'log', summary: 'summary' }),
        deps: {
          ...inputs('data/${dataset},${config.name}', ['weights', 'log.jsonl', 'summary.json']),
          rows: { from: 'data-format', out: 'train' },
        },
        params: { config: '${config}' },
        outs: {
          model: { path: 'model', kind: 'model' },
          log: { path: 'log.jsonl', kind: 'series' },
          summary: { path: 'summary.json', kind: 'metrics' },
        },
      },
      eval: {
        description: 'Answers to the test questions, scored',
        matrix: { from: 'train' },
        cmd: copies({ metrics: 'metrics', predictions: 'predictions' }),
        deps: {
          ...inputs('data/${dataset},${config.name}', ['metrics.json', 'predictions.jsonl']),
          model: { from: 'train', out: 'model' },
        },
        outs: { metrics: { path: 'metrics.json', kind: 'metrics' }, predictions: 'predictions.jsonl' },
      },
      qualitative: {
        description: 'Sampled answers to a few questions',
        matrix: { from: 'train' },
        cmd: copies({ samples: 'samples' }),
        deps: {
          ...inputs('data/${dataset},${config.name}', ['samples.json']),
          model: { from: 'train', out: 'model' },
        },
        outs: { samples: 'samples.json' },
      },
    },
  };
  return files;
}

const datasets = ['aimc', 'huatuo'];
const configs = [
  { name: 'base', rate: 0.001, r: 8 },
  { name: 'lora', rate: 0.002, r: 16 },
  { name: 'full', rate: 0.004, r: 24 },
];
const rowsOfTest = 40;

/** Each input is a dep that is named for its file, without the ending. */
const inputs = (folder: string, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name.replace(/\..*/, ''), `${folder}/${name}`]));

/** Out ← dep. */
const copies = (outs: Readonly<Record<string, string>>): string =>
  Object.entries(outs)
    .map(([out, dep]) => `cp \${deps.${dep}} \${outs.${out}}`)
    .join(' && ');

interface Row {
  readonly human: string;
  readonly assistant: string;
}

const rows = (dataset: string, from: number, count: number): readonly Row[] =>
  Array.from({ length: count }, (_, index) =>
    dataset === 'huatuo'
      ? { human: `问题${from + index}：头痛怎么办？`, assistant: `多休息，每天喝水${index}次，按时服药。` }
      : {
          human: `Question ${from + index}: what helps against headache?`,
          assistant: `Rest for ${index} days and drink water. See a neurologist when your vision blurs.`,
        },
  );

const rowLine = (row: Row): string => JSON.stringify({ ...row, slots: { drug: 'water' } });

/** Texts that would be code, turn the direction of reading, or take all memory, if one let them. */
export const hostileTexts = {
  script: '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>',
  direction: 'abc \u202E fed cba \u2066 ghi',
  long: 'word '.repeat(200_000),
};

function predictions(dataset: string, place: number): readonly string[] {
  const hostile = Object.values(hostileTexts);
  return rows(dataset, 60, rowsOfTest).map(({ human, assistant }, index) => {
    const isRight = (index + place) % 3 === 0;
    const text = isRight ? assistant : assistant.replace('water', 'tea').replace('每天', '有时');
    const prediction =
      place === 0 && dataset === 'aimc' && index < hostile.length ? (hostile[index] ?? '') : text;
    const score = prediction === assistant ? 1 : 0.5 - index / 100;
    return JSON.stringify({
      question: human,
      prediction,
      reference: assistant,
      scores: {
        reference: { rougeL: score, bertscore_f1: score },
        multilingual: { rougeL: score, f1: score, exact_match: isRight ? 1 : 0 },
      },
      slots: { drug: isRight ? 'named' : 'other' },
    });
  });
}

const series = (place: number): readonly string[] =>
  Array.from({ length: 40 }, (_, index) =>
    JSON.stringify({
      step: index + 1,
      epoch: (index + 1) / 10,
      loss: 1 / (index + 1 + place),
      learningRate: 0.002 * (1 - index / 40),
      gradientNorm: 1 + Math.sin(index),
    }),
  );

const metrics = (place: number) => ({
  num_samples: rowsOfTest,
  multilingual: { rougeL: 0.3 + place / 5, f1: 0.4 + place / 5, exact_match: place / 4 },
  intervals: { multilingual: { rougeL: [0.2 + place / 5, 0.4 + place / 5] } },
});

const samples = (dataset: string, place: number) => ({
  questions: rows(dataset, 0, 3).map(({ human }) => human),
  answers: Object.fromEntries(
    ['temp_0.7', 'temp_1.3'].map((name) => [name, rows(dataset, place, 3).map(({ assistant }) => assistant)]),
  ),
});

const preparation = (dataset: string) => ({
  records: 104,
  train: 60,
  test: rowsOfTest,
  leaks: {
    method: 'words after NFKC',
    test_rows_in_train: { total: 3, same: 1, near: 2 },
  },
  dropped: [
    { reason: 'empty turn', count: 4, examples: [{ file: `${dataset}.csv`, line: 4, message: 'empty' }] },
  ],
  repaired: [],
  files: [{ file: `${dataset}.csv`, read_as: 'CSV', forms: [], rows: 100 }],
});
