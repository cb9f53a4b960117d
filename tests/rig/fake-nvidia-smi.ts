import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';

export interface FakeCard {
  readonly uuid: string;
  readonly usedMebibytes: number;
  readonly totalMebibytes: number;
  readonly busy: string;
  /** A program on it. */
  readonly process?: { readonly pid: number; readonly name: string; readonly mebibytes: number };
}

/** A UUID that no test beside claims: claims are made for the whole machine. */
export const fakeUuid = (name: string): string => `GPU-${name}-${process.pid}`;

/** Puts a program before all others of PATH that answers as NVIDIA's does, for cards of one model. */
export function fakeNvidiaSmi(cards: readonly FakeCard[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'nvidia-smi-'));
  const lines = (lineOf: (card: FakeCard, number: number) => readonly string[]): string =>
    cards.flatMap(lineOf).join('\n');
  const answers = {
    '-L': lines(({ uuid }, number) => [`GPU ${number}: NVIDIA Test (UUID: ${uuid})`]),
    '--query-gpu=*': lines(({ uuid, usedMebibytes, totalMebibytes, busy }) => [
      `${uuid}, ${usedMebibytes}, ${totalMebibytes}, ${busy}`,
    ]),
    '--query-compute-apps=*': lines(({ uuid, process }) =>
      process === undefined ? [] : [`${uuid}, ${process.pid}, ${process.mebibytes}, ${process.name}`],
    ),
  };
  const cases = Object.entries(answers).map(([query, text]) => `${query}) cat <<'END'\n${text}\nEND\n;;`);
  const program = join(folder, 'nvidia-smi');
  writeFileSync(program, `#!/bin/sh\ncase "$1" in\n${cases.join('\n')}\nesac\n`);
  chmodSync(program, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
}
