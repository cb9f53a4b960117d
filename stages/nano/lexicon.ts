/**
 * The words of a small invented medicine, in English and Chinese side by side. A question names a symptom, a
 * trigger, an age and a duration; the answer's facts are functions of these four. No two values of a slot
 * share a word, so that a wrong value scores nothing. Nothing in here is medical advice.
 */
export type Language = 'en' | 'zh';
export type Phrase = Readonly<Record<Language, string>>;

/** A symptom and all that follows from it. */
export interface Illness {
  readonly symptom: Phrase;
  readonly condition: Phrase;
  readonly drug: Phrase;
  readonly test: Phrase;
  readonly specialist: Phrase;
  readonly warning: Phrase;
}

/** What set the symptom off, and the advice that follows from it. */
export interface Trigger {
  readonly trigger: Phrase;
  readonly advice: Phrase;
}

/** The patient, and the dose that follows from it. */
export interface Age {
  readonly age: Phrase;
  readonly dose: Phrase;
}

/** How an illness runs: it decides the wording of the answer. */
export type Course = 'acute' | 'lasting' | 'chronic';

export interface Duration {
  readonly duration: Phrase;
  readonly course: Course;
}

export const illnesses: readonly [Illness, ...Illness[]] = [
  {
    symptom: { en: 'headache', zh: '头痛' },
    condition: { en: 'trigeminal neuralgia', zh: '三叉神经痛' },
    drug: { en: 'ibuprofen', zh: '布洛芬' },
    test: { en: 'brain imaging', zh: '颅脑核磁' },
    specialist: { en: 'neurologist', zh: '神经内科' },
    warning: { en: 'your vision blurs', zh: '视物模糊' },
  },
  {
    symptom: { en: 'cough', zh: '咳嗽' },
    condition: { en: 'bronchial infection', zh: '支气管炎' },
    drug: { en: 'ambroxol', zh: '氨溴索' },
    test: { en: 'chest film', zh: '胸部平片' },
    specialist: { en: 'pulmonologist', zh: '呼吸科' },
    warning: { en: 'breathing gets hard', zh: '气促喘息' },
  },
  {
    symptom: { en: 'stomachache', zh: '胃疼' },
    condition: { en: 'peptic ulcer', zh: '消化性溃疡' },
    drug: { en: 'omeprazole', zh: '奥美拉唑' },
    test: { en: 'upper endoscopy', zh: '电子胃镜' },
    specialist: { en: 'gastroenterologist', zh: '胃肠专科' },
    warning: { en: 'stools turn black', zh: '排便变黑' },
  },
  {
    symptom: { en: 'rash', zh: '皮疹' },
    condition: { en: 'contact dermatitis', zh: '湿疹过敏' },
    drug: { en: 'cetirizine', zh: '西替利嗪' },
    test: { en: 'skin patches', zh: '斑贴试验' },
    specialist: { en: 'dermatologist', zh: '皮肤门诊' },
    warning: { en: 'both lips swell', zh: '嘴唇肿胀' },
  },
  {
    symptom: { en: 'tachycardia', zh: '心慌' },
    condition: { en: 'atrial arrhythmia', zh: '房性早搏' },
    drug: { en: 'metoprolol', zh: '美托洛尔' },
    test: { en: 'holter recording', zh: '动态心电图' },
    specialist: { en: 'cardiologist', zh: '心血管中心' },
    warning: { en: 'fainting spells occur', zh: '突然晕厥' },
  },
  {
    symptom: { en: 'earache', zh: '耳朵痛' },
    condition: { en: 'otitis media', zh: '中耳感染' },
    drug: { en: 'amoxicillin', zh: '阿莫西林' },
    test: { en: 'hearing measurement', zh: '听力测定' },
    specialist: { en: 'otologist', zh: '五官科' },
    warning: { en: 'yellow pus drains', zh: '流出黄脓' },
  },
  {
    symptom: { en: 'insomnia', zh: '失眠' },
    condition: { en: 'anxiety disorder', zh: '焦虑状态' },
    drug: { en: 'melatonin', zh: '褪黑素' },
    test: { en: 'sleep study', zh: '睡眠监护' },
    specialist: { en: 'psychiatrist', zh: '精神卫生部' },
    warning: { en: 'panic attacks begin', zh: '惊恐发作' },
  },
  {
    symptom: { en: 'backache', zh: '腰酸' },
    condition: { en: 'kidney stones', zh: '肾结石' },
    drug: { en: 'tamsulosin', zh: '坦索罗辛' },
    test: { en: 'urine analysis', zh: '尿液化验' },
    specialist: { en: 'nephrologist', zh: '泌尿外科' },
    warning: { en: 'high fever appears', zh: '高烧寒战' },
  },
];

export const triggers: readonly [Trigger, ...Trigger[]] = [
  { trigger: { en: 'stress', zh: '压力大' }, advice: { en: 'practise slow yoga', zh: '练习瑜伽' } },
  { trigger: { en: 'curry', zh: '吃辣' }, advice: { en: 'eat plain rice', zh: '饮食清淡' } },
  { trigger: { en: 'frost', zh: '受凉' }, advice: { en: 'keep yourself warm', zh: '注意保暖' } },
  { trigger: { en: 'dust', zh: '灰尘' }, advice: { en: 'wear clean masks', zh: '佩戴口罩' } },
];

export const ages: readonly [Age, ...Age[]] = [
  { age: { en: 'baby', zh: '婴儿' }, dose: { en: 'three drops daily', zh: '每日三滴' } },
  { age: { en: 'child', zh: '儿童' }, dose: { en: 'one spoon mornings', zh: '晨起一勺' } },
  { age: { en: 'adult', zh: '成人' }, dose: { en: 'two tablets nightly', zh: '睡前两片' } },
  { age: { en: 'senior', zh: '老人' }, dose: { en: 'half capsule weekly', zh: '隔周半粒' } },
];

export const durations: readonly [Duration, ...Duration[]] = [
  { duration: { en: 'one day', zh: '一天' }, course: 'acute' },
  { duration: { en: 'two days', zh: '两天' }, course: 'acute' },
  { duration: { en: 'four days', zh: '四天' }, course: 'acute' },
  { duration: { en: 'one week', zh: '一周' }, course: 'lasting' },
  { duration: { en: 'two weeks', zh: '两周' }, course: 'lasting' },
  { duration: { en: 'three weeks', zh: '三周' }, course: 'lasting' },
  { duration: { en: 'two months', zh: '两个月' }, course: 'chronic' },
  { duration: { en: 'half a year', zh: '半年' }, course: 'chronic' },
  { duration: { en: 'many years', zh: '多年' }, course: 'chronic' },
];
