/** What reaches every stage, beside what the runner sets. */
const handedThrough = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH'];

/**
 * Variables that the runner sets unless the stage sets them: fixed language and time zone, so that sorting,
 * dates and number formats do not depend on the user; and no telemetry of onnxruntime, which by default
 * stores an id of the device below `~/.cache/Microsoft` and sends events (onnxruntime 1.30,
 * core/platform/posix/telemetry.cc). It has no other switch.
 */
const fixed = { LANG: 'C.UTF-8', TZ: 'UTC', ORT_DISABLE_TELEMETRY: '1' };

/** The environment of a stage: only named variables. A name that is unset stays unset. */
export function stageEnvironment(
  from: NodeJS.ProcessEnv,
  hashed: readonly string[],
  unhashed: readonly string[],
): Readonly<Record<string, string>> {
  const named = [...handedThrough, ...hashed, ...unhashed].flatMap((name) => {
    const value = from[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...fixed, ...Object.fromEntries(named) };
}
