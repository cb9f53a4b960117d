import type { Schema } from '../../src/stage/define-stage.ts';

/**
 * If the one schema holds, the other must. JSON Schema's own keywords, "if" and "then", would make an object
 * that JavaScript treats as a promise.
 */
export const implies = (condition: Schema, consequence: Schema): Schema => ({
  anyOf: [{ not: condition }, consequence],
});
