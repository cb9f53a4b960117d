import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';

export interface FakeCard {
  readonly uuid: string;
  readonly usedMebibytes: number;
  readonly totalMebibytes: number;
  readonly busy: string;
  /** What it is divided into (MIG). */
  readonly parts?: readonly Pick<FakeCard, 'uuid' | 'usedMebibytes' | 'totalMebibytes'>[];
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
    '-L': lines(({ uuid, parts = [] }, number) => [
      `GPU ${number}: NVIDIA Test (UUID: ${uuid})`,
      ...parts.map((part, index) => `  MIG 3g.40gb     Device  ${index}: (UUID: ${part.uuid})`),
    ]),
    '-q': `<?xml version="1.0" ?>\n<nvidia_smi_log>\n${cards.map(xmlOf).join('\n')}\n</nvidia_smi_log>`,
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

/** As drivers of the series 535 to 575 print it, with less in it. */
const xmlOf = ({ uuid, parts = [] }: FakeCard): string => `	<gpu id="00000000:17:00.0">
		<product_name>NVIDIA Test</product_name>
		<mig_mode>
			<current_mig>${parts.length === 0 ? 'Disabled' : 'Enabled'}</current_mig>
		</mig_mode>
		<mig_devices>
${parts.length === 0 ? '			None' : parts.map(partXmlOf).join('\n')}
		</mig_devices>
		<uuid>${uuid}</uuid>
		<fb_memory_usage>
			<total>81559 MiB</total>
			<reserved>551 MiB</reserved>
			<used>[Insufficient Permissions]</used>
			<free>[Insufficient Permissions]</free>
		</fb_memory_usage>
		<utilization>
			<gpu_util>N/A</gpu_util>
		</utilization>
	</gpu>`;

const partXmlOf = (
  { usedMebibytes, totalMebibytes }: Pick<FakeCard, 'usedMebibytes' | 'totalMebibytes'>,
  index: number,
): string => `			<mig_device>
				<index>${index}</index>
				<gpu_instance_id>${index + 1}</gpu_instance_id>
				<compute_instance_id>0</compute_instance_id>
				<fb_memory_usage>
					<total>${totalMebibytes} MiB</total>
					<reserved>0 MiB</reserved>
					<used>${usedMebibytes} MiB</used>
					<free>${totalMebibytes - usedMebibytes} MiB</free>
				</fb_memory_usage>
				<bar1_memory_usage>
					<total>65535 MiB</total>
					<used>0 MiB</used>
					<free>65535 MiB</free>
				</bar1_memory_usage>
			</mig_device>`;
