import { existsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import { findProject } from '../../runner/project/find-project.ts';
import { folderFault } from '../../runner/project/folder-fault.ts';
import { storeFolder } from '../../runner/project/machine/store-folder.ts';
import { projectHealth } from '../../runner/project/project-health.ts';
import { sizeText } from '../../runner/wording/size-text.ts';
import { noColors } from '../../runner/wording/colors.ts';
import { installedFile } from '../installed-file.ts';
import { problemText } from '../output/report-problem.ts';
import { diskFinding, diskOf } from './disk-space.ts';
import { engine } from './engine.ts';
import { behaviourFinding, behaviourOf } from './file-system.ts';
import type { Finding } from './finding.ts';
import { nativeFinding } from './native-module.ts';
import { nativeModules } from './native-modules.ts';
import { nodeFinding } from './node-version.ts';
import { packageManager } from './package-manager.ts';
import { cacheFinding, processesFinding } from './project.ts';
import { inspectTensorflow, tensorflowFindings } from './tensorflow.ts';

/**
 * Checks the installation, then the project that `folder` belongs to. Yields each finding at once, since the
 * next check may be slow.
 */
export async function* examine(folder: string): AsyncGenerator<Finding> {
  yield nodeFinding(process.versions.node, manifest.engines.node);
  yield companionsFinding();
  for (const module of [...nativeModules, engine]) yield nativeFinding(module);
  yield* tensorflowFindings(await inspectTensorflow(process.env));
  yield {
    part: 'machine',
    state: 'good',
    message:
      `${process.platform} ${process.arch}, ` +
      `${availableParallelism()} CPUs, ${sizeText(totalmem())} memory`,
  };
  yield* examineProject(folder);
}

/** The programs that the command line starts. */
function companionsFinding(): Finding {
  const missing = ['stage-child.js', 'supervisor.js'].filter((name) => !existsSync(installedFile(name)));
  return missing.length === 0
    ? { part: manifest.name, state: 'good', message: manifest.version }
    : {
        part: manifest.name,
        state: 'broken',
        message: `${missing.join(' and ')} not built`,
        help: `${packageManager.build(manifest.name)}; in a clone of the repository: npm run prepare`,
      };
}

async function* examineProject(folder: string): AsyncGenerator<Finding> {
  const found = findProject(folder, undefined);
  if (!found.ok)
    return yield {
      part: 'project',
      state: 'warning',
      message: 'no pipeline.yaml here or in a folder above',
      help:
        'run `pipeline doctor` in a project to check its disk and ' +
        'cache too; `pipeline init` creates a project',
    };
  const { root } = found.value;
  yield { part: 'project', state: 'good', message: root };
  const store = await storeFolder(root, process.env);
  if (!store.ok)
    return yield {
      part: 'machine file',
      state: 'broken',
      message: await problemText(store.error, noColors),
    };
  yield diskFinding(diskOf(root), diskOf(store.value));
  yield behaviourFinding(await behaviourOf(root));
  const artifacts = folderFault(join(root, 'artifacts'));
  if (artifacts !== undefined)
    yield {
      part: 'artifacts',
      state: 'broken',
      message: `artifacts ${artifacts.message}`,
      help: artifacts.help,
    };
  const health = await projectHealth(root, store.value);
  if (!health.ok)
    return yield {
      part: 'cache',
      state: 'broken',
      message: health.error.message,
      ...('help' in health.error ? { help: health.error.help } : {}),
    };
  if (health.value === undefined)
    return yield { part: 'cache', state: 'good', message: 'empty: nothing has run yet' };
  yield cacheFinding(health.value);
  if (health.value.store.damage === undefined) yield processesFinding(health.value, Date.now());
}
