import type { Schema } from '../../src/stage/define-stage.ts';

/**
 * Where the one schema holds, the other has to. JSON Schema's own words for it, "if" and "then", make an
 * object that JavaScript takes for a promise.
 */
export const implies = (condition: Schema, consequence: Schema): Schema => ({
  anyOf: [{ not: condition }, consequence],
});
