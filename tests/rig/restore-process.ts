import { afterAll, vi } from 'vitest';

/**
 * For each file of the unit tests, since others follow in its process: puts back the environment, the working
 * folder and the clock. TensorFlow's settings are variables, too.
 */
const environment = { ...process.env };
const folder = process.cwd();

afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  process.chdir(folder);
});
