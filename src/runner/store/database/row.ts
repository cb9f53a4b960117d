/** A row as SQLite gives it: a field is read with the type that the schema (STRICT tables) promises. */
export class Row {
  readonly #fields: Readonly<Record<string, unknown>>;
  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== 'string') throw new TypeError(`column ${name} holds no text`);
    return value;
  }

  number(name: string): number {
    const value = this.#fields[name];
    if (typeof value !== 'number') throw new TypeError(`column ${name} holds no number`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.#fields[name] === null ? undefined : this.text(name);
  }

  bytes(name: string): Uint8Array {
    const value = this.#fields[name];
    if (!(value instanceof Uint8Array)) throw new TypeError(`column ${name} holds no bytes`);
    return value;
  }

  /** Of a column that names the row. */
  name(name: string): string | number {
    const value = this.#fields[name];
    return typeof value === 'number' ? value : String(value);
  }

  optionalNumber(name: string): number | undefined {
    return this.#fields[name] === null ? undefined : this.number(name);
  }
}

/** The row of a query that gives one or none. */
export const rowOf = (found: unknown): Row | undefined => (isFields(found) ? new Row(found) : undefined);

/** The rows of a query that gives any number. */
export const rowsOf = (found: readonly unknown[]): readonly Row[] =>
  found.filter(isFields).map((fields) => new Row(fields));

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
