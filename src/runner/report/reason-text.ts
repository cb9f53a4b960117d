import type { Value } from '../../stage/context.ts';
import { joinFirst } from '../wording/join-first.ts';
import { canonical, isList, isMap } from '../manifest/canonical.ts';
import type { Difference, Reason } from '../manifest/reason.ts';
import type { TreeChange } from '../manifest/tree.ts';

/** Why an instance runs, in words: the very field that changed, with its old and its new value. */
export function reasonText(reason: Reason): string {
  switch (reason.kind) {
    case 'no-result':
      return 'no result yet';
    case 'changed':
      return differenceText(reason);
    case 'forced':
      return 'forced';
    case 'verification':
      return 'to verify its result';
    case 'failed-before':
      return 'the last attempt failed';
    case 'interrupted-before':
      return 'the last attempt was interrupted';
    case 'submitted-before':
      return 'an earlier run submitted its job';
    case 'damaged':
      return `the cached ${reason.path} is missing or damaged (object ${reason.object.slice(0, 8)})`;
    case 'dropped':
      return (
        `to bring back its temp ${reason.outs.length === 1 ? 'out' : 'outs'} ${joinFirst(reason.outs, 3)}` +
        (reason.for === undefined ? '' : ` for ${reason.for}`)
      );
    case 'evicted':
      return 'its result is no longer in the cache';
    case 'not-cached':
      return 'the stage has `cache: false`';
  }
}

function differenceText(difference: Difference): string {
  const { field, before, after } = difference;
  const [root = '', name = '', part = ''] = field;
  switch (root) {
    case 'format':
      return `the runner changed: manifest format ${changeText(before, after, plainText)}`;
    case 'program':
      return programText(difference);
    case 'params':
      return `${field.map(nameText).join('.')} ${changeText(before, after, JSON.stringify)}`;
    case 'deps':
      return `dep ${nameText(name)}: ${dependencyText(part, difference)}`;
    case 'outs':
      return `out ${nameText(name)}: ${changeText(before, after, plainText)}`;
    case 'env':
      return `env ${nameText(name)}: ${environmentText(before, after)}`;
    default:
      return `${field.map(nameText).join(' ')} ${changeText(before, after, plainText)}`;
  }
}

function programText({ field, before, after, files = [] }: Difference): string {
  const [, part = '', name = ''] = field;
  switch (part) {
    case 'bundle':
      return files.length === 0 ? `code changed${digestsText(before, after)}` : `code: ${filesText(files)}`;
    case 'packages':
      return packageText(name, before, after);
    case 'engines':
      return engineText(name, field.slice(3), { before, after, files });
    case 'words':
      return `command ${changeText(before, after, commandText)}`;
    case 'shell':
      return `shell ${changeText(before, after, shellText)}`;
    case 'executable':
      return `the program that the command starts changed${digestsText(before, after)}`;
    case 'code':
      if (before === undefined) return `code ${nameText(name)} added`;
      if (after === undefined) return `code ${nameText(name)} removed`;
      return `code ${nameText(name)} changed${digestsText(before, after)}`;
    default:
      return 'kind of program changed (uses and cmd)';
  }
}

function engineText(
  name: string,
  [part, ...rest]: readonly string[],
  { before, after, files }: Pick<Difference, 'before' | 'after'> & { readonly files: readonly TreeChange[] },
): string {
  switch (part) {
    case 'bundle':
      return files.length === 0
        ? `code of the engine ${nameText(name)} changed${digestsText(before, after)}`
        : `code of the engine ${nameText(name)}: ${filesText(files)}`;
    case 'packages':
      return packageText(rest[0] ?? '', before, after);
    case 'installed':
      return `installed engine ${nameText(name)}: ${installedText(before)} → ${installedText(after)}`;
    default:
      return `engine ${nameText(name)} ${before === undefined ? 'added' : 'removed'}`;
  }
}

/** An installed engine counts as its version and, after a space, the digest of its files. */
const installedText = (value: Value | undefined): string =>
  typeof value === 'string' ? value.replace(/ ([0-9a-f]{12})[0-9a-f]{52}$/, ' ($1)') : 'none';

/** A package counts as its version and, after a space, the integrity of its closure. */
function packageText(name: string, before: Value | undefined, after: Value | undefined): string {
  const [old, now] = [versionOf(before), versionOf(after)];
  if (old === undefined) return `package ${name} ${now} added`;
  if (now === undefined) return `package ${name} ${old} removed`;
  return old === now
    ? `package ${name} ${now}: its files or its dependencies changed`
    : `package ${name} ${old} → ${now}`;
}

const versionOf = (value: Value | undefined): string | undefined =>
  typeof value === 'string' ? value.split(' ')[0] : undefined;

function dependencyText(part: string, { before, after, files, members, path }: Difference): string {
  switch (part) {
    case 'digest':
      return files === undefined || files.length === 0
        ? `${path === undefined ? 'content' : nameText(path)} changed${digestsText(before, after)}`
        : filesText(files);
    case 'name':
      return `file name ${changeText(before, after, plainText)}`;
    case 'form':
      return `${formText(before)} → ${formText(after)}`;
    case 'files':
      return filesText(fileChanges(before, after));
    case 'members':
      return membersText(before, after, members ?? {});
    default:
      if (before === undefined || after === undefined) return before === undefined ? 'added' : 'removed';
      if (isAbsent(before)) return `${path === undefined ? 'it' : nameText(path)} was missing and now exists`;
      if (isAbsent(after)) return `${path === undefined ? 'it' : nameText(path)} existed and is now missing`;
      return kindsOf(before, after).has('files') ? 'declared in another way' : 'gather changed';
  }
}

const isAbsent = (dep: Value): boolean => kindsOf(dep).has('absent');

const kindsOf = (...deps: readonly Value[]): ReadonlySet<Value | undefined> =>
  new Set(deps.map((dep) => (isMap(dep) ? dep['kind'] : undefined)));

/** What differs between the files of a pattern. */
function fileChanges(before: Value | undefined, after: Value | undefined): readonly TreeChange[] {
  const [old, now] = [filesByName(before), filesByName(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((path): readonly TreeChange[] => {
    if (old.get(path) === now.get(path)) return [];
    return [{ kind: !old.has(path) ? 'added' : !now.has(path) ? 'removed' : 'changed', path }];
  });
}

const filesByName = (files: Value | undefined): ReadonlyMap<string, string> =>
  new Map(
    (files !== undefined && isList(files) ? files : [])
      .filter(isMap)
      .map((file) => [String(file['name']), canonical(file)]),
  );

/** Contents are identified by their digests alone. */
const digestsText = (before: Value | undefined, after: Value | undefined): string =>
  ` (${String(before).slice(0, 8)} → ${String(after).slice(0, 8)})`;

function formText(form: Value | undefined): string {
  switch (form) {
    case 'executable':
      return 'an executable file';
    case 'folder':
      return 'a folder';
    default:
      return 'a file';
  }
}

/** What differs in a folder, at most three files by name. */
export function filesText(files: readonly TreeChange[]): string {
  const shown = files.slice(0, 3).map(({ kind, path }) => `${nameText(path)} ${kind}`);
  return joinFirst(shown, 3, { total: files.length });
}

function membersText(
  before: Value | undefined,
  after: Value | undefined,
  names: Readonly<Record<string, string>>,
): string {
  const [old, now] = [membersByName(before, names), membersByName(after, names)];
  const texts = [
    ...[...now].filter(([name]) => !old.has(name)).map(([, { shown }]) => `${shown} added`),
    ...[...old].filter(([name]) => !now.has(name)).map(([, { shown }]) => `${shown} removed`),
    ...[...now].flatMap(([name, member]) => memberChange(old.get(name) ?? member, member)),
  ];
  return joinFirst(texts, 3);
}

/** A point of a grid can keep its name and have other values. */
function memberChange(before: Member, { shown, axes, content }: Member): readonly string[] {
  if (before.axes !== axes) return [`${shown} changed`];
  return before.content === content ? [] : [`content of ${shown} changed`];
}

interface Member {
  readonly shown: string;
  readonly axes: string;
  readonly content: string;
}

/** By the name of the instance where it is known, else by axes. */
function membersByName(
  members: Value | undefined,
  names: Readonly<Record<string, string>>,
): ReadonlyMap<string, Member> {
  const list = members !== undefined && isList(members) ? members : [];
  return new Map(
    list.filter(isMap).map((member) => {
      const axes = canonical(member['axes'] ?? null);
      return [
        names[axes] ?? axes,
        { shown: names[axes] ?? axesText(member['axes'] ?? null), axes, content: canonical(member) },
      ];
    }),
  );
}

/** The axes as a label shows them: a map by its name. */
function axesText(axes: Value): string {
  if (!isMap(axes)) return JSON.stringify(axes);
  return `[${Object.values(axes)
    .map((value) =>
      isMap(value) && typeof value['name'] === 'string'
        ? value['name']
        : typeof value === 'string'
          ? value
          : JSON.stringify(value),
    )
    .join(',')}]`;
}

/** Values of the environment are shown by digest: they may be secret. */
function environmentText(before: Value | undefined, after: Value | undefined): string {
  return `${environmentValue(before)} → ${environmentValue(after)}`;
}

function environmentValue(value: Value | undefined): string {
  if (value === undefined) return 'not declared';
  return typeof value === 'string' ? `digest ${value.slice(0, 8)}` : 'unset';
}

/** Old and new value; of two long texts, the part where they differ. */
function changeText(
  before: Value | undefined,
  after: Value | undefined,
  textOf: (value: Value) => string,
): string {
  if (before === undefined) return after === undefined ? 'changed' : `added: ${cut(textOf(after), 0)}`;
  if (after === undefined) return `removed (it was ${cut(textOf(before), 0)})`;
  const [old, now] = [textOf(before), textOf(after)];
  const start = Math.max(old.length, now.length) > limit ? Math.max(0, commonPrefix(old, now) - 20) : 0;
  return `${cut(old, start)} → ${cut(now, start)}`;
}

const limit = 80;

const cut = (text: string, start: number): string =>
  `${start > 0 ? '…' : ''}${text.slice(start, start + limit)}${text.length > start + limit ? '…' : ''}`;

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

const plainText = (value: Value): string =>
  typeof value === 'string' ? nameText(value) : JSON.stringify(value);

const shellText = (value: Value): string => (isList(value) ? value.map(String).join(' ') : String(value));

/**
 * A command as in the YAML: the words of `manifestWords`, deps and outs as references; the first word is its
 * form.
 */
function commandText(value: Value): string {
  const [, ...words] = isList(value) ? value : [value];
  return words.map((word) => (isList(word) ? word.map(pieceText).join('') : JSON.stringify(word))).join(' ');
}

function pieceText(piece: Value): string {
  if (typeof piece === 'string') return piece;
  const [kind, name] = isMap(piece) ? (Object.entries(piece)[0] ?? []) : [];
  return `\${${kind}s.${String(name)}}`;
}

/** A name, as JSON where it does not read as one word. */
const nameText = (name: string): string => (/^[\p{L}\p{N}_./-]+$/u.test(name) ? name : JSON.stringify(name));
