import { csvField } from '../formats/csv-field.ts';
import type { Sample } from './sample-data.ts';

/**
 * Rows as the AIMC collection has them: a CSV of Description, Patient and Doctor; `slots` is ours, for slot
 * accuracy.
 */
export function aimcCsv(samples: readonly Sample[]): string {
  const clean = samples.map(({ question, answer, slots }, index) => [
    `Q. ${question.title}`,
    `${index % 3 === 0 ? 'Hello doctor,' : 'Hi doctor,'} ${question.story}`,
    `${['Hello.', 'Hi.', 'Hello,'][index % 3] ?? ''} ${answer}`,
    JSON.stringify(slots),
  ]);
  const records = [['Description', 'Patient', 'Doctor', 'slots'], ...interleave(clean, unusableAimc)];
  return records.map((fields) => `${fields.map(csvField).join(',')}\n`).join('');
}

/**
 * Rows as the Huatuo collection has them: a conversation of a person and a model a line; `slots` as above.
 */
export function huatuoJsonLines(samples: readonly Sample[]): string {
  const clean = samples.map(({ question, answer, slots }) => ({
    conversations: [
      { from: 'human', value: question.story },
      { from: 'gpt', value: answer },
    ],
    slots,
  }));
  return interleave<unknown>(clean, unusableHuatuo)
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}

/** Questions for the qualitative samples, as a prompt has them: title and story. */
export function questionsJson(samples: readonly Sample[]): string {
  const questions = samples.map(({ question: { title, story } }) => `${title} ${story}`.trim());
  return `${JSON.stringify({ questions }, null, 2)}\n`;
}

/** Spread evenly, so that no split and no first page of the file misses them. */
const interleave = <T>(many: readonly T[], few: readonly T[]): readonly T[] => {
  const stride = Math.ceil(many.length / few.length);
  return few.flatMap((one, index) => [...many.slice(index * stride, (index + 1) * stride), one]);
};

/** Rows that the original filters drop, one for each reason and some with two. */
const unusableAimc: readonly (readonly string[])[] = [
  [
    'What helps against hiccups?',
    'Hi doctor, I have had hiccups since noon. Please help.',
    'Hello. Hold your breath and count slowly.',
    '',
  ], // no "Q."
  [
    'Sneezing in the mornings',
    'Hello doctor, I sneeze ten times after waking up.',
    'Hi. Air the bedroom before you sleep.',
    '',
  ], // no "Q."
  [
    'Q. Is a nosebleed dangerous?',
    'Hi doctor, my nose bled twice this week.',
    'Dear reader, press the nostrils together and lean forward.',
    '',
  ], // no greeting of the doctor
  [
    'Q. Why do my feet tingle?',
    'Hello doctor, my feet tingle when I sit.',
    'Welcome back. Stand up every half an hour.',
    '',
  ], // no greeting of the doctor
  [
    'Q. What is good for dry lips?',
    'Good evening, my lips are dry all winter.',
    'Hello. Drink more and use a balm.',
    '',
  ], // no greeting of the patient
  [
    'Q. Can I run with a blister?',
    'There is a blister on my heel, can I run on Sunday?',
    'Hi. Let it heal first.',
    '',
  ], // no greeting of the patient
  [
    'Q. How long does a bruise last?',
    'Hi doctor, I bumped my shin, and it is "green, blue\nand yellow" now.',
    '',
    '',
  ], // no answer
  ['', 'Hi doctor, is it normal to yawn all day?', 'Hello. Go to bed an hour earlier.', ''], // no description
  ['Q. What is a stye?', '', 'Hello. A small swelling at the rim of the eyelid.', ''], // no story
  ['thank you', 'ok thanks', 'You are welcome.', ''], // nothing of all that
];

const unusableHuatuo: readonly unknown[] = [
  { conversations: [{ from: 'human', value: '打嗝停不下来怎么办？' }] }, // no answer
  {
    conversations: [
      { from: 'human', value: '嘴唇干裂用什么好？' },
      { from: 'gpt', value: '' },
    ],
  }, // empty answer
  {
    conversations: [
      { from: 'human', value: ' ' },
      { from: 'gpt', value: '请问您哪里不舒服？' },
    ],
  }, // empty question
  { conversations: [{ from: 'gpt', value: '您好，请描述症状。' }] }, // no question
  { conversations: [] }, // no turns
  {
    conversations: [
      { from: 'human', value: '鼻出血如何处理？' },
      { from: 'human', value: '在线等。' },
    ],
  }, // asked twice, no answer
];
