/** What reaches every stage, beside what the runner sets. */
const handedThrough = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH'];

/**
 * The environment of a stage: nothing that is not named. Language and time zone are fixed, so that sorting, dates and
 * number formats do not depend on who runs it. A name that is unset stays unset.
 */
export function stageEnvironment(
  from: NodeJS.ProcessEnv,
  hashed: readonly string[],
  unhashed: readonly string[],
): Readonly<Record<string, string>> {
  const named = [...handedThrough, ...hashed, ...unhashed].flatMap((name) => {
    const value = from[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { LANG: 'C.UTF-8', TZ: 'UTC', ...Object.fromEntries(named) };
}
