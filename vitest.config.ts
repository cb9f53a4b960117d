import { defineConfig } from 'vitest/config';

/** `npm test` runs what ends quickly; oracles, end-to-end and chaos runs have scripts and configurations of their own. */
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/oracles/**', 'tests/end-to-end/**', 'tests/chaos/**'],
    testTimeout: 60_000,
  },
});
