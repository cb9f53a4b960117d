import type { ExactObject } from '../../src/files/exact-json.ts';
import { type Row, type RowFault, rowOf, textOf } from '../../src/ml/dataset/row.ts';
import { pythonStrip } from '../../src/ml/text/python-text.ts';
import type { Result } from '../../src/result.ts';

/** A record that is clean, but that the original experiment's filters leave out. */
export interface Unwanted {
  readonly reason: 'no "Q." in Description' | 'no greeting in Patient' | 'no greeting in Doctor';
}

/**
 * The row of an AIMC record (AI medical chatbot: Description, Patient, Doctor), as the original experiment
 * made it: only records whose description is marked as a question and whose patient and doctor greet each
 * other; marks and greetings are taken out wherever they are, and the question is the description and what
 * the patient says.
 */
export function aimcRow(values: ExactObject): Result<Row, RowFault | Unwanted> {
  const description = textOf(values, 'Description');
  if (!description.ok) return description;
  const patient = textOf(values, 'Patient');
  if (!patient.ok) return patient;
  const doctor = textOf(values, 'Doctor');
  if (!doctor.ok) return doctor;
  if (!holdsOne(description.value, questionMarks)) return unwanted('no "Q." in Description');
  if (!holdsOne(patient.value, patientGreetings)) return unwanted('no greeting in Patient');
  if (!holdsOne(doctor.value, doctorGreetings)) return unwanted('no greeting in Doctor');
  const question = [without(description.value, questionMarks), without(patient.value, patientGreetings)];
  return rowOf({
    human: question.filter((part) => part !== '').join(' '),
    assistant: without(doctor.value, doctorGreetings),
    slots: values['slots'] ?? null,
  });
}

const questionMarks = ['Q.'];
const patientGreetings = ['Hi doctor,', 'Hello doctor,'];
const doctorGreetings = ['Hello.', 'Hi.', 'Hello,'];

const holdsOne = (text: string, phrases: readonly string[]): boolean =>
  phrases.some((phrase) => text.includes(phrase));

const without = (text: string, phrases: readonly string[]): string =>
  pythonStrip(phrases.reduce((rest, phrase) => rest.replaceAll(phrase, ''), text));

const unwanted = (reason: Unwanted['reason']): Result<never, Unwanted> => ({ ok: false, error: { reason } });
