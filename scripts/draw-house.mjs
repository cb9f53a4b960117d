/**
 * Draws the dependencies between the rooms of src, for docs/architecture.md: `node scripts/draw-house.mjs
 * [folder]`. An arrow points from a room to a room that it imports from, types included; arrows that follow
 * from others are left out. Rooms that import each other have an arrow with two heads.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The parts of the project, then the rooms of the runner, each as a Mermaid flow chart. */
export function drawHouse(root) {
  return [drawing(root, ['src', 'stages'], partOf), drawing(root, ['src/runner'], roomOf)];
}

/** `src/files/json.ts` is in `files`, `stages/train.ts` in `stages`. */
function partOf(file) {
  const [top, part, ...rest] = file.split('/');
  if (top === 'stages') return 'stages';
  return top === 'src' && rest.length > 0 ? part : undefined;
}

/** A file beside the rooms is a place of its own. */
function roomOf(file) {
  const room = file.split('/')[2];
  if (!file.startsWith('src/runner/')) return undefined;
  return room;
}

function drawing(root, folders, placeOf) {
  const targets = importedPlaces(root, folders, placeOf);
  const names = [...targets.keys()].sort();
  const arrows = names.flatMap((from) =>
    [...targets.get(from)]
      .sort()
      .filter((to) => !followsFromOthers(targets, from, to))
      .flatMap((to) => {
        if (!targets.get(to)?.has(from)) return [`  ${node(from)} --> ${node(to)}`];
        return from < to ? [`  ${node(from)} <--> ${node(to)}`] : [];
      }),
  );
  return ['```mermaid', 'flowchart TD', ...arrows, '```'].join('\n');
}

const node = (name) => (/^\w+$/.test(name) ? name : `${name.replaceAll(/\W/g, '_')}["${name}"]`);

/** The places that each place imports from, itself not. */
function importedPlaces(root, folders, placeOf) {
  const targets = new Map();
  for (const file of folders.flatMap((folder) => sources(root, folder))) {
    const from = placeOf(file);
    if (from === undefined) continue;
    if (!targets.has(from)) targets.set(from, new Set());
    for (const [, specifier] of readFileSync(join(root, file), 'utf8').matchAll(imports)) {
      const to = placeOf(normalize(join(dirname(file), specifier)));
      if (to !== undefined && to !== from) targets.get(from).add(to);
    }
  }
  return targets;
}

const imports = /(?:^|\n)[^/*\n]*?(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g;

function sources(root, folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.d)\.tsx?$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

/** Whether there is a longer way. Of places in a cycle every arrow is drawn. */
function followsFromOthers(targets, from, to) {
  if (reaches(targets, to, from, new Set())) return false;
  const isBetween = (via) =>
    via !== to &&
    !reaches(targets, via, from, new Set()) &&
    !reaches(targets, to, via, new Set()) &&
    reaches(targets, via, to, new Set());
  return [...targets.get(from)].some(isBetween);
}

function reaches(targets, from, to, seen) {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return [...(targets.get(from) ?? [])].some((via) => reaches(targets, via, to, seen));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(drawHouse(resolve(process.argv[2] ?? '.')).join('\n\n'));
