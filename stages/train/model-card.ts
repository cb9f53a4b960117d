import type { Digest } from '../../src/files/digest.ts';
import { baseModelOf, type TrainParams } from './train-params.ts';

export interface TrainedModel {
  readonly params: TrainParams;
  /** "mt5", "t5", "umt5". */
  readonly type: string;
  readonly steps: number;
  readonly parameters: { readonly trainable: number; readonly all: number };
  /** Of the file of all rows. */
  readonly data: Digest;
  readonly trainRows: number;
  readonly validationRows: number;
  /** Whether the training went on from an adapter. */
  readonly continued: boolean;
}

/**
 * The README.md of a model or adapter folder: a model card as the Hugging Face hub reads it
 * (https://huggingface.co/docs/hub/model-cards). It is a function of the training alone, and names no time
 * and no score.
 */
export function modelCard(model: TrainedModel): string {
  const { params, type, parameters } = model;
  const { baseModelNameOrPath, revision } = baseModelOf(params.baseModel);
  const base = baseModelNameOrPath ?? params.baseModel;
  const onHub = params.baseModel.startsWith('hf:');
  return [
    ...frontMatter(model, onHub ? base : undefined),
    '',
    `# ${titleOf(model, base)}`,
    '',
    '**For research only. The texts that this model writes are not medical advice**, and none of its scores',
    'shows that an answer is medically correct.',
    '',
    '## Intended use',
    '',
    'Experiments with question answering by small sequence-to-sequence models: comparing methods, settings',
    'and scores. The model is not made for diagnosis, treatment or advice, and must not answer questions of',
    'patients. It states wrong facts and doses in fluent sentences, and it knows nothing beyond its data.',
    '',
    '## Base model',
    '',
    `\`${base}\`` +
      (revision === null ? '' : ` at revision \`${revision}\``) +
      (onHub ? '' : ' (a name in the project that trained it)') +
      `, of type ${type}.`,
    `${numberText(parameters.trainable)} of ${numberText(parameters.all)} parameters are trained` +
      (model.continued ? ', from an adapter that was trained before.' : '.'),
    '',
    '## Data',
    '',
    `Rows of a question and an answer: ${numberText(model.trainRows)} for training and`,
    `${numberText(model.validationRows)} for validation. The SHA-256 of the file with all of them is`,
    `\`${model.data}\`.`,
    '',
    `A question is asked as ${JSON.stringify(params.prompt)}, cut to ${params.sourceTokens} tokens; ` +
      `answers are cut to ${params.targetTokens}.`,
    '',
    '## Training',
    '',
    `${numberText(model.steps)} steps with these settings; what is not named has the default of ` +
      'transformers or peft.',
    '',
    '```json',
    JSON.stringify(settingsOf(params), undefined, 2),
    '```',
    '',
    '## Use',
    '',
    '```python',
    ...usage(params, base),
    '```',
    '',
    '## Scores',
    '',
    noScores,
    '',
  ].join('\n');
}

/** The text that is replaced when scores are added. */
export const noScores = 'None are given yet.';

function titleOf({ params: { config }, steps }: TrainedModel, base: string): string {
  const name = base.split('/').at(-1) ?? base;
  if (steps === 0) return `${name}, not trained`;
  return config.method === 'lora' ? `LoRA adapter of ${name}` : `${name}, fine-tuned`;
}

/** The hub rejects a `base_model` that is not the name of a model there. */
function frontMatter(
  { params: { config }, type }: TrainedModel,
  base: string | undefined,
): readonly string[] {
  const isAdapter = config.method === 'lora';
  return [
    '---',
    `library_name: ${isAdapter ? 'peft' : 'transformers'}`,
    ...(base === undefined
      ? []
      : [
          `base_model: ${JSON.stringify(base)}`,
          `base_model_relation: ${isAdapter ? 'adapter' : 'finetune'}`,
        ]),
    'tags:',
    `- ${type}`,
    ...(isAdapter ? ['- lora'] : []),
    '- question-answering',
    '- research-only',
    '---',
  ];
}

/** Where it runs changes only the last digits. */
const settingsOf = ({ runtime: _runtime, ...settings }: TrainParams): object => settings;

const usage = ({ config, prompt, targetTokens }: TrainParams, base: string): readonly string[] => [
  'from transformers import AutoModelForSeq2SeqLM, AutoTokenizer',
  ...(config.method === 'lora'
    ? [
        'from peft import PeftModel',
        '',
        `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(base)})`,
        `base = AutoModelForSeq2SeqLM.from_pretrained(${JSON.stringify(base)})`,
        'model = PeftModel.from_pretrained(base, "FOLDER")',
      ]
    : [
        '',
        'tokenizer = AutoTokenizer.from_pretrained("FOLDER")',
        'model = AutoModelForSeq2SeqLM.from_pretrained("FOLDER")',
      ]),
  `question = ${JSON.stringify(prompt)}.replace("{human}", "…")`,
  'answer = model.generate(**tokenizer(question, ' +
    `return_tensors="pt"), max_length=${targetTokens}, num_beams=4)`,
  'print(tokenizer.decode(answer[0], skip_special_tokens=True))',
];

const numberText = (count: number): string => count.toLocaleString('en-US');
