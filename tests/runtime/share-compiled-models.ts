import { createHash } from 'node:crypto';
import { InferenceSession } from 'onnxruntime-node';
import { beforeAll, vi } from 'vitest';

/** The most that are kept: for a tiny model, some megabytes each. */
const most = 48;

/** By the bytes of the model and the options, the last used last. Files of one process share them. */
const compiled = new Map<string, Promise<InferenceSession>>();

/**
 * In the file that calls this, onnxruntime compiles equal models once: they take their weights as feeds and
 * keep nothing from run to run, and to compile a tiny one takes longer than to train it.
 */
export function shareCompiledModels(): void {
  beforeAll(() => {
    const create = InferenceSession.create.bind(InferenceSession);
    vi.spyOn(InferenceSession, 'create').mockImplementation(async (model, options) => {
      const key = createHash('sha256').update(JSON.stringify(options)).update(model).digest('hex');
      const session = compiled.get(key) ?? create(model, options);
      compiled.delete(key);
      compiled.set(key, session);
      const [oldest] = compiled.keys();
      if (compiled.size > most && oldest !== undefined) compiled.delete(oldest);
      return withoutRelease(await session);
    });
  });
}

/** Others may still run it. */
const withoutRelease = (session: InferenceSession): InferenceSession =>
  new Proxy(session, {
    get: (target, name) => (name === 'release' ? async () => undefined : Reflect.get(target, name, target)),
  });
