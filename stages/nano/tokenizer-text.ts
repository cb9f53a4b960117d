import { answer, factsOf } from './answers.ts';
import type { Case } from './cases.ts';
import { shuffledCases } from './cases.ts';
import type { Phrase } from './lexicon.ts';
import { question } from './questions.ts';
import { seededRandom } from './random.ts';

/**
 * Surrounds every Chinese slot value, so that no piece can span its boundary (sentencepiece's
 * pretokenization_delimiter).
 */
const slotBorder = '|';

/** Enough for each wording and value to occur many times. */
const casesPerLanguage = 300;

/**
 * The text that the nano tokenizer is trained on, a sentence or word group a line. sentencepiece takes its
 * candidate pieces from different words: a word that is always written in one way is one candidate and gets
 * split into letters, so the text ends with every English word, and every Chinese phrase between borders,
 * before several marks.
 */
export function tokenizerText(): string {
  const random = seededRandom(3);
  const [english, chinese] = (['en', 'zh'] as const).map((language) =>
    shuffledCases(random)
      .slice(0, casesPerLanguage)
      .map(bordered)
      .flatMap((patientCase) => [
        ...Object.values(question(random, language, patientCase)),
        answer(language, factsOf(patientCase)),
      ])
      .filter((line) => line !== ''),
  );
  const words = distinct([english?.join(' ') ?? '', taskWords, commonWords].join(' ').split(/[^A-Za-z]+/));
  const phrases = distinct((chinese?.join(slotBorder) ?? '').split(/[|，。？]/u));
  return [
    ...(english ?? []),
    ...(chinese ?? []),
    ...words.map(forms),
    ...phrases.map(forms),
    ...commonCharacters,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const distinct = (texts: readonly string[]): readonly string[] =>
  [...new Set(texts)].filter((text) => text !== '');

const forms = (text: string): string =>
  ['', '.', ',', '?', ';', ':', '。'].map((mark) => text + mark).join(' ');

/** Prompts: of fine-tuning and of the pre-training tasks. */
const taskWords = 'medical question notes consult extract rewrite continue';

/** So that other English is not spelled in letters. */
const commonWords = `
  a an the of to in on at by for from with about into over under between through during before after since
  until and or but not no nor so if then than that this these those there here where when while why how
  what which who whom whose i me my we us our you your he him his she her it its they them their is are was
  were be been being am do does did done doing have has had having can could will would shall should may
  might must get got give given take taken make made go went gone come came see seen know known think say
  said tell told ask feel felt need want use used find found help keep start stop try show very much many
  more most some any all each every other another such only also too just even still again once now soon
  later often always never sometimes already yet well good better best bad worse worst new old high low
  long short big small large little left right first last next same different normal severe mild chronic
  possible due because however though day days week weeks month months year years time times hour hours
  minute morning night today age man woman male female boy girl wife husband son daughter mother father
  pregnant birth weight height body head face eye eyes ear nose mouth tooth teeth throat neck chest breast
  heart lung back stomach belly liver kidney bladder bowel arm hand finger leg knee foot skin bone muscle
  joint nerve blood brain pain ache fever cold cough itching swelling bleeding infection inflammation
  allergy cancer tumor diabetes pressure sugar thyroid hormone virus bacteria injury fracture surgery
  operation medicine medication tablet dose treatment therapy test tests report result scan ray ultrasound
  doctor hospital patient problem problems disease condition symptom symptoms cause causes side effect
  effects risk diet food water sleep exercise daily twice once please thank thanks hello regards suggest
  advise consult follow avoid level levels count positive negative per mg ml one two three four five six
  seven eight nine ten ing ed er est ly tion sion ment ness able ible al ic ous ive ity ance ence un re dis
  pre pro con com in im
`;

/** So that other Chinese is not spelled in bytes: one piece a character. */
const commonCharacters: readonly string[] = [
  '的一是不了在有我他这个们来到说要会你时也和出就可以对生能子上下' +
    '多后自己年月日天周小大中发过没好用还去为看得着做把被让从但如果因',
  '所以或者与及其各种类比较更最很都只再又已经常总是否非无未必须应该' +
    '需可能注意建议考虑检查治疗药物医院医生患者病人症状疾病感染炎症疼痛',
  '头脑眼耳鼻口牙喉颈胸心肺肝胆脾胃肠肾膀胱腹腰背手足腿膝关节骨肌肉' +
    '皮肤血管神经血压糖脂尿便痰咳嗽发热烧冷汗出血肿胀痒麻木晕呕吐腹泻',
  '便秘失眠疲劳乏力食欲体重增减轻重急慢性良恶癌瘤手术化验片剂服次毫' +
    '克升每早晚饭前后孕妇产儿童婴幼老少男女月经期周期激素过敏史遗传免疫',
  '功能异常正常明显引起导致造成影响情况问题方法方面时间身体健康饮食' +
    '运动休息睡眠避免保持增加减少促进改善缓解控制预防及时专科门诊住院',
];

const bordered = ({ illness, trigger, age, duration }: Case): Case => ({
  illness: {
    symptom: border(illness.symptom),
    condition: border(illness.condition),
    drug: border(illness.drug),
    test: border(illness.test),
    specialist: border(illness.specialist),
    warning: border(illness.warning),
  },
  trigger: { trigger: border(trigger.trigger), advice: border(trigger.advice) },
  age: { age: border(age.age), dose: border(age.dose) },
  duration: { duration: border(duration.duration), course: duration.course },
});

const border = ({ en, zh }: Phrase): Phrase => ({ en, zh: `${slotBorder}${zh}${slotBorder}` });
