import { basename } from 'node:path';
import type { Digest } from '../../../files/digest.ts';
import type { FileProblem } from '../../../files/file-problem.ts';
import type { Result } from '../../../result.ts';
import type { Gathered } from '../../../stage/context.ts';
import type { InstanceId } from '../../identity.ts';
import { type Content, type DependencyDigest, sameContent } from '../../manifest/manifest.ts';
import type { TreeItem } from '../../manifest/tree.ts';
import { belowFixedPart } from '../../pipeline-file/glob.ts';
import type { Dependency, GlobDependency, Instance } from '../../plan/instance.ts';
import type { Ignored } from '../../manifest/tree.ts';
import type { IgnoreRules } from '../../workspace/ignore/ignore-rules.ts';
import { hubName } from '../../wording/hub-name.ts';
import type { GlobFiles } from '../../workspace/glob-files.ts';
import type { Found, ReadingRules } from '../../workspace/read-content.ts';
import { type Stamp, stampOrNone } from '../../workspace/stamp.ts';

/** What an instance reads, by content. */
export interface Inputs {
  /**
   * The form that stages receive: a path, or the list of gathered or matched paths; none where nothing
   * exists.
   */
  readonly paths: Readonly<Record<string, string | readonly Gathered[]>>;
  readonly digests: Readonly<Record<string, DependencyDigest>>;
  /** Of every file of every dep: to see later whether one was touched. */
  readonly stamps: ReadonlyMap<string, Stamp>;
  /** What the folders among them hold, by the folder's digest. */
  readonly listings: ReadonlyMap<Digest, readonly TreeItem[]>;
  /** Files in folders that do not count. */
  readonly ignored: readonly Ignored[];
  /** Deps that are not here, and count as they did in the last result. */
  readonly unchecked: readonly MissingInput[];
  /** Temp outs that it reads and whose bytes were dropped: they count with their former content. */
  readonly dropped: readonly DroppedInput[];
}

export interface DroppedInput {
  readonly instance: InstanceId;
  readonly out: string;
  readonly path: string;
}

/** A dep that is not there, or cannot be read. `from`: the instance whose out it is. */
export interface MissingInput {
  readonly dep: string;
  /** Of the dep, or what in it cannot be read. */
  readonly path: string;
  readonly message: string;
  readonly from: InstanceId | undefined;
  /** Nothing exists there, as opposed to being unreadable. */
  readonly absent: boolean;
}

/**
 * Where an out of another instance is; `known`: what its content will be where it has still to be
 * restored.
 */
interface OutPlace {
  readonly path: string;
  readonly known: Content | undefined;
  /** The former digest, if its bytes were dropped. */
  readonly dropped: Content | undefined;
}

export interface InputSources {
  /** What a dep counts as where it is not here; undefined: it must be here. */
  recorded(dep: string): DependencyDigest | undefined;
  readonly ignoring: IgnoreRules;
  /** The files that a pattern means. */
  files(pattern: string, ignoring: IgnoreRules | undefined): Result<GlobFiles, FileProblem>;
  read(path: string, rules: ReadingRules): Promise<Result<Found | undefined, FileProblem>>;
  out(instance: InstanceId, out: string): OutPlace;
  /** Whether the result of an instance was adopted: the stage that gathers it gets to know. */
  isAdopted(instance: InstanceId): boolean;
  /** The first dangling symbolic link on the way to a path, and its fault. */
  deadLink(path: string): { readonly path: string; readonly message: string } | undefined;
  /** The out of the plan that a symbolic link leads to, or into. */
  outBehind(link: string): OutBehind | undefined;
}

export interface OutBehind {
  readonly instance: InstanceId;
  readonly stage: string;
  readonly out: string;
}

/**
 * Reads every dep of an instance. Here alone it is decided what the kinds of deps mean: where they are, and
 * what of them counts.
 */
export async function readInputs(
  instance: Instance,
  sources: InputSources,
): Promise<Result<Inputs, readonly MissingInput[]>> {
  const stamps = new Map<string, Stamp>();
  const listings = new Map<Digest, readonly TreeItem[]>();
  const missing: MissingInput[] = [];
  const ignored: Ignored[] = [];
  const unchecked: MissingInput[] = [];
  const droppedInputs: DroppedInput[] = [];
  const paths: Record<string, string | readonly Gathered[]> = {};
  const digests: Record<string, DependencyDigest> = {};

  async function content(
    dep: string,
    path: string,
    from: InstanceId | undefined,
    ignoring?: IgnoreRules,
    recorded?: Content,
  ): Promise<Content | undefined> {
    const found = await sources.read(path, { links: 'follow', ignoring });
    if (found.ok && found.value === undefined && recorded !== undefined) {
      unchecked.push({ dep, path, from, message: 'no such file or folder', absent: true });
      return recorded;
    }
    if (!found.ok || found.value === undefined) {
      const fault = found.ok
        ? (sources.deadLink(path) ?? { path, message: 'no such file or folder' })
        : found.error;
      missing.push({ dep, path: fault.path, from, message: fault.message, absent: found.ok });
      return undefined;
    }
    for (const link of found.value.leaving) {
      const behind = sources.outBehind(link);
      if (behind === undefined) continue;
      missing.push({ dep, path: link, from, message: linkMessage(behind), absent: false });
      return undefined;
    }
    for (const [file, stamp] of found.value.stamps) stamps.set(file, stamp);
    ignored.push(...found.value.ignored);
    if (found.value.content.form === 'folder') listings.set(found.value.content.digest, found.value.items);
    return found.value.content;
  }
  /** Whether nothing exists there, which is allowed. */
  async function isAbsent(
    { path, optional }: PathDependency,
    ignoring: IgnoreRules | undefined,
  ): Promise<boolean> {
    if (optional !== true) return false;
    const found = await sources.read(path, { links: 'follow', ignoring });
    return found.ok && found.value === undefined && sources.deadLink(path) === undefined;
  }
  /** The files that a pattern matches; `recorded`: the former ones, if nothing is here. */
  async function contents(
    dep: string,
    { pattern, ignore, optional }: GlobDependency,
  ): Promise<{ readonly read: readonly FileContent[]; readonly recorded: DependencyDigest | undefined }> {
    const found = sources.files(pattern, ignore ? sources.ignoring : undefined);
    if (!found.ok) {
      const { path, message } = found.error;
      missing.push({ dep, path, message, from: undefined, absent: false });
      return { read: [], recorded: undefined };
    }
    const { files, stamps: folders, ignored: uncounted } = found.value;
    for (const [folder, stamp] of folders) stamps.set(folder, stamp);
    ignored.push(...uncounted);
    const recorded = files.length === 0 ? sources.recorded(dep) : undefined;
    if (files.length === 0 && optional !== true)
      (recorded?.kind === 'files' ? unchecked : missing).push({
        dep,
        path: pattern,
        message: 'no file matches',
        from: undefined,
        absent: true,
      });
    const read = await Promise.all(
      files.map(async (path) => ({ path, content: await content(dep, path, undefined) })),
    );
    return {
      read: read.flatMap(({ path, content: file }) => (file === undefined ? [] : [{ path, content: file }])),
      recorded,
    };
  }
  async function stands(path: string, before: Content): Promise<boolean> {
    const found = await sources.read(path, { links: 'follow' });
    return found.ok && found.value !== undefined && sameContent(found.value.content, before);
  }
  async function outContent(
    dep: string,
    instanceId: InstanceId,
    out: string,
  ): Promise<{ readonly path: string; readonly content: Content | undefined }> {
    const { path, known, dropped } = sources.out(instanceId, out);
    if (known === undefined && dropped !== undefined && !(await stands(path, dropped))) {
      droppedInputs.push({ instance: instanceId, out, path });
      return { path, content: dropped };
    }
    return { path, content: known ?? (await content(dep, path, instanceId)) };
  }

  for (const [name, dependency] of Object.entries(instance.deps)) {
    switch (dependency.kind) {
      case 'path': {
        const ignoring = dependency.ignore ? sources.ignoring : undefined;
        if (await isAbsent(dependency, ignoring)) {
          // If a file appears while the stage runs, its stamp shows that.
          stamps.set(dependency.path, stampOrNone(undefined));
          digests[name] = { kind: 'absent' };
          break;
        }
        const recorded = sources.recorded(name);
        const known = recorded?.kind === 'content' ? recorded.content : undefined;
        const found = await content(name, dependency.path, undefined, ignoring, known);
        paths[name] = dependency.path;
        // An extension decides how a file is parsed, so the base name counts.
        if (found !== undefined)
          digests[name] = { kind: 'content', name: basename(dependency.path), content: found };
        break;
      }
      case 'glob': {
        const { read, recorded } = await contents(name, dependency);
        paths[name] = read.map(({ path }) => ({ axes: {}, path }));
        digests[name] = recorded ?? filesDigest(dependency, read);
        break;
      }
      case 'hub': {
        missing.push({
          dep: name,
          path: hubName(dependency),
          from: undefined,
          message: 'is not downloaded yet: a run downloads it',
          absent: true,
        });
        break;
      }
      case 'out': {
        const { path, content: found } = await outContent(name, dependency.instance, dependency.out);
        paths[name] = path;
        if (found !== undefined) digests[name] = { kind: 'content', name: null, content: found };
        break;
      }
      case 'gather': {
        const read = await Promise.all(
          dependency.members.map(async (member) => ({
            axes: member.axes,
            ...(sources.isAdopted(member.instance) ? { adopted: true as const } : {}),
            ...(await outContent(name, member.instance, member.out)),
          })),
        );
        paths[name] = read.map(({ content: _content, ...member }) => member);
        digests[name] = {
          kind: 'gather',
          members: read.flatMap(({ path: _path, content: found, ...member }) =>
            found === undefined ? [] : [{ ...member, content: found }],
          ),
        };
        break;
      }
    }
  }
  return missing.length > 0
    ? { ok: false, error: missing }
    : { ok: true, value: { paths, digests, stamps, listings, ignored, unchecked, dropped: droppedInputs } };
}

type PathDependency = Extract<Dependency, { readonly kind: 'path' }>;

interface FileContent {
  readonly path: string;
  readonly content: Content;
}

/** A folder that holds all of it may be moved: names count from the first wildcard on. */
const filesDigest = ({ pattern }: GlobDependency, files: readonly FileContent[]): DependencyDigest => ({
  kind: 'files',
  files: files.map(({ path, content }) => ({ name: belowFixedPart(pattern, path), content })),
});

/** Nothing makes the stage wait for it. */
const linkMessage = ({ instance, stage, out }: OutBehind): string =>
  `is a symbolic link to the out ${out} of ${instance}, which this stage does not depend on: remove ` +
  `the link and declare a dep { from: ${stage}, out: ${out} }`;
