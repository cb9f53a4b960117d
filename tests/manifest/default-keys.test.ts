import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { keyOf } from '../../src/runner/manifest/key-of.ts';
import type { Manifest, ProgramDigest } from '../../src/runner/manifest/manifest.ts';
import { planFile } from '../../src/runner/plan/plan-file.ts';
import { identityOf } from '../../src/runner/status/identity/identity-of.ts';
import { readCacheOf } from '../../src/runner/status/identity/read-cache.ts';
import { openSession } from '../../src/runner/status/open-session.ts';
import { openStore } from '../../src/runner/store/database/open-store.ts';
import { bareWorkspace } from '../rig/bare-workspace.ts';
import { programs } from '../rig/build-programs.ts';
import { fakeExecutor } from '../rig/fake-executor.ts';

const root = join(import.meta.dirname, '../..');

/**
 * A key that changes runs a training again for everyone, so each change of one is seen in a review: `npm run
 * keys` writes the golden file anew. An out of another instance counts by its name here, since its content is
 * known only after a run.
 */
test('the keys of the default experiment change only on purpose', async () => {
  const identities = await identitiesOf('pipeline.yaml');
  const stages = new Map(identities.map(({ stage, manifest }) => [stage, manifest.program]));
  const golden = {
    programs: Object.fromEntries(stages),
    keys: Object.fromEntries(identities.map(({ id, manifest }) => [id, keyOf(manifest)])),
  };
  await expect(`${JSON.stringify(golden, null, 2)}\n`).toMatchFileSnapshot('../golden/keys.json');
});

interface Identified {
  readonly id: string;
  readonly stage: string;
  readonly manifest: Manifest;
}

/** Every instance of a pipeline file with its manifest, as on one machine that is the same everywhere. */
async function identitiesOf(file: string): Promise<readonly Identified[]> {
  using elsewhere = bareWorkspace();
  const workspace = { ...elsewhere, root, now: () => BigInt(Date.now()) * 1_000_000n };
  const store = openStore(elsewhere.place('pipeline.sqlite'));
  const planned = planFile({
    file,
    overrides: [],
    readText: (path) => ({ ok: true, value: readFileSync(join(root, path), 'utf8') }),
  });
  if (!store.ok || !planned.result.ok) throw new Error('the default experiment has faults');
  const plan = planned.result.value;
  const { stageChild } = await programs();
  const executor = fakeExecutor();
  const session = await openSession(
    {
      workspace,
      store: { ...store.value, isKept: false },
      executorOf: () => executor,
      stageChild,
      environment: {},
    },
    plan,
    [],
    plan.instances,
  );
  if (!session.ok) throw new Error(JSON.stringify(session.error));
  const cache = readCacheOf(workspace);
  const identified: Identified[] = [];
  for (const instance of plan.instances) {
    const identity = await identityOf(session.value, instance, cache, {
      content: (from, out) => ({ form: 'file', digest: digestOf(`${out} of ${from}`) }),
      isAdopted: () => false,
      dropped: () => undefined,
    });
    if (!identity.ok) throw new Error(`${instance.id}: ${JSON.stringify(identity.error)}`);
    identified.push({
      id: instance.id,
      stage: instance.stage,
      manifest: everywhere(identity.value.manifest),
    });
  }
  store.value.close();
  return identified;
}

/**
 * A manifest without what differs between machines: the platform is one, and packages of one platform alone
 * are left out.
 */
const everywhere = ({ program, platform, ...rest }: Manifest): Manifest => ({
  ...rest,
  program: program.kind === 'uses' ? programEverywhere(program) : program,
  platform: { ...platform, os: 'linux', arch: 'x64', ...('node' in platform ? { node: '20' } : {}) },
});

const programEverywhere = ({ engines, ...program }: StageProgramDigest): StageProgramDigest => ({
  ...withoutPlatforms(program),
  ...(engines === undefined
    ? {}
    : {
        engines: Object.fromEntries(
          Object.entries(engines).map(([name, engine]) => [name, withoutPlatforms(engine)]),
        ),
      }),
});

type StageProgramDigest = Extract<ProgramDigest, { readonly kind: 'uses' }>;

const withoutPlatforms = <T extends { readonly packages: Readonly<Record<string, string>> }>(of: T): T => ({
  ...of,
  packages: Object.fromEntries(Object.entries(of.packages).filter(([name]) => !isOfOnePlatform(name))),
});

const lock: { readonly packages: Readonly<Record<string, { readonly os?: readonly string[] }>> } = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
);

const isOfOnePlatform = (shown: string): boolean =>
  lock.packages[`node_modules/${shown.replaceAll('>', '/node_modules/')}`]?.os?.length === 1;
