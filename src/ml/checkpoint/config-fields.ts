import { type Json, type JsonObject, shownJson } from '../../files/json.ts';

/**
 * Reads the fields of a configuration by name, each with its default where it is absent or null
 * (Python's None: "not set"). Problems are collected, so that a user sees all of them at once; a wrong field
 * takes its fallback.
 */
export interface ConfigFields {
  integer(name: string, fallback: number, range?: Range): number;
  number(name: string, fallback: number, range?: Range): number;
  boolean(name: string, fallback: boolean): boolean;
  choice<T extends string>(name: string, fallback: T, choices: readonly T[]): T;
  /**
   * A field of any other form: `accept` returns its value, or undefined if it is not as `expected` describes.
   */
  value<T>(name: string, fallback: T, expected: string, accept: (json: Json) => T | undefined): T;
  /** The faults, one for each line. */
  problems(): readonly string[];
  /** The fields whose values are the problems. */
  refused(): JsonObject;
  /** The fields that were not read, except those that are not kept. */
  others(dropped: readonly string[]): JsonObject;
}

/** From `least` to `most`, both included. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** Reads the fields of a config.json; one that is absent or null has its fallback. */
export function configFields(json: JsonObject): ConfigFields {
  const fields = new Map(Object.entries(json));
  const readNames = new Set<string>();
  const problems: string[] = [];
  const refused: (readonly [name: string, value: Json])[] = [];
  const value: ConfigFields['value'] = (name, fallback, expected, accept) => {
    readNames.add(name);
    const found = fields.get(name);
    if (found === undefined || found === null) return fallback;
    const accepted = accept(found);
    if (accepted !== undefined) return accepted;
    refused.push([name, found]);
    problems.push(`${name} is ${shownJson(found)}: expected ${expected}`);
    return fallback;
  };
  return {
    value,
    integer: (name, fallback, range = positive) =>
      value(name, fallback, `an integer from ${range.least} to ${range.most}`, (found) =>
        isWithin(found, range) && Number.isInteger(found) ? found : undefined,
      ),
    number: (name, fallback, range = positive) =>
      value(name, fallback, `a number from ${range.least} to ${range.most}`, (found) =>
        isWithin(found, range) ? found : undefined,
      ),
    boolean: (name, fallback) =>
      value(name, fallback, 'true or false', (found) => (typeof found === 'boolean' ? found : undefined)),
    choice: (name, fallback, choices) =>
      value(name, fallback, choices.map((choice) => `"${choice}"`).join(' or '), (found) =>
        choices.find((choice) => choice === found),
      ),
    problems: () => problems,
    refused: () => Object.fromEntries(refused),
    others: (dropped) =>
      Object.fromEntries([...fields].filter(([name]) => !readNames.has(name) && !dropped.includes(name))),
  };
}

/** Sizes: no tensor that fits a computer has more along one axis. */
const positive: Range = { least: 1, most: 2 ** 31 - 1 };

const isWithin = (value: Json, { least, most }: Range): value is number =>
  typeof value === 'number' && value >= least && value <= most;
