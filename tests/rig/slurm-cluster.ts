import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Whether Slurm is installed here, and may be started: several slurmd on one machine need root. */
export const hasSlurm =
  process.getuid?.() === 0 && ['slurmctld', 'slurmd', 'sbatch'].every((name) => isInPath(name));

function isInPath(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => existsSync(join(folder, name)));
}

/** A Slurm of our own on loopback: a controller and two nodes of two CPUs, without accounting. */
export interface SlurmCluster extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a command of Slurm; gives what it printed. */
  run(...words: readonly string[]): Promise<string>;
  /** The process of a daemon: slurmctld, n1 or n2. */
  signal(daemon: string, signal: NodeJS.Signals): void;
  /** Starts a daemon that was killed, and waits until the nodes answer. */
  restart(daemon: string): Promise<void>;
  /** Waits until every node is idle again, and no job is left. */
  cancelAll(): Promise<void>;
  /** Waits until the jobs have ended by themselves. */
  allEnded(): Promise<void>;
}

const execute = promisify(execFile);

export interface ClusterOptions {
  /** Further lines of slurm.conf. */
  readonly lines?: readonly string[];
  /** Whether the memory of jobs is limited by control groups. */
  readonly limitsMemory?: boolean;
}

/** Whether control groups can limit memory here, as Slurm 22.05 does it by version 1 of them. */
export const hasMemoryGroups = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes');

export async function startSlurm({
  lines = [],
  limitsMemory = false,
}: ClusterOptions = {}): Promise<SlurmCluster> {
  // Sockets of slurmd lie below it, and a path of one has at most 108 characters.
  const folder = mkdtempSync(join(tmpdir(), 'slurm-'));
  mkdirSync(join(folder, 'state'));
  const [controller = 0, ...nodes] = await freePorts(3);
  writeFileSync(join(folder, 'slurm.conf'), configuration(folder, controller, nodes, lines, limitsMemory));
  writeFileSync(
    join(folder, 'cgroup.conf'),
    limitsMemory ? 'CgroupPlugin=cgroup/v1\nConstrainRAMSpace=yes\nConstrainSwapSpace=yes\n' : '',
  );
  const environment = {
    PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`,
    SLURM_CONF: join(folder, 'slurm.conf'),
    HOME: folder,
  };
  const daemons = new Map<string, ChildProcess>();

  function start(name: string): void {
    const words = name === 'slurmctld' ? ['slurmctld', '-D'] : ['slurmd', '-D', '-N', name];
    const log = openSync(join(folder, `${name}.out`), 'a');
    daemons.set(
      name,
      spawn(words[0] ?? '', words.slice(1), {
        env: environment,
        detached: true,
        stdio: ['ignore', log, log],
      }),
    );
  }
  async function run(...words: readonly string[]): Promise<string> {
    const [file = '', ...rest] = words;
    const { stdout } = await execute(file, rest, { env: environment });
    return stdout;
  }
  /** Polls, since Slurm tells nobody. */
  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if (await holds().catch(() => false)) return;
      await sleep(100);
    }
    const logs = ['slurmctld.log', 'n1.log', 'slurmctld.out', 'n1.out'].map((name) =>
      tail(join(folder, name)),
    );
    throw new Error(`${what}, after a minute:\n${logs.join('\n')}`);
  }
  const areIdle = async (): Promise<boolean> =>
    (await run('sinfo', '--noheader', '--Node', '--format=%T')).trim().split('\n').join() === 'idle,idle';

  for (const name of ['slurmctld', 'n1', 'n2']) start(name);
  const hasNoJobs = async (): Promise<boolean> =>
    (await run('squeue', '--noheader', '--states=PD,R,CG,S')).trim() === '';
  await until('the nodes are not idle', areIdle);
  return {
    environment: { SLURM_CONF: environment.SLURM_CONF },
    run,
    signal(name, signal) {
      daemons.get(name)?.kill(signal);
    },
    async restart(name) {
      const before = daemons.get(name);
      if (before !== undefined && before.exitCode === null && before.signalCode === null)
        await new Promise((resolve) => {
          before.once('exit', resolve);
          before.kill('SIGKILL');
        });
      start(name);
      await until(`${name} does not answer`, async () => {
        await run('scontrol', 'ping');
        return (
          name === 'slurmctld' ||
          /State=(IDLE|ALLOCATED|MIXED|DOWN)/.test(await run('scontrol', 'show', 'node', name))
        );
      });
    },
    async cancelAll() {
      await run('scancel', '--full', '--user=root');
      await until('jobs are left', async () => {
        for (const node of ['n1', 'n2'])
          if (/DOWN|DRAIN/.test(await run('scontrol', 'show', 'node', node)))
            await run('scontrol', 'update', `NodeName=${node}`, 'State=RESUME');
        return (await hasNoJobs()) && (await areIdle());
      });
    },
    allEnded: () => until('jobs are left', hasNoJobs),
    async [Symbol.asyncDispose]() {
      await run('scancel', '--full', '--user=root').catch(() => undefined);
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        for (const daemon of daemons.values()) daemon.kill(signal);
        for (let tries = 0; tries < 50 && [...daemons.values()].some(isAlive); tries++) await sleep(100);
      }
      endJobs(environment.SLURM_CONF);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** Steps and jobs that outlived their daemons: they carry the path of this cluster's configuration. */
function endJobs(conf: string): void {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const variables = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      if (
        variables.includes(`SLURM_CONF=${conf}`) &&
        variables.some((line) => line.startsWith('SLURM_JOB_ID='))
      )
        process.kill(Number(name), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

/** slurm.conf(5). Every daemon listens on loopback alone. */
function configuration(
  folder: string,
  controller: number,
  nodes: readonly number[],
  lines: readonly string[],
  limitsMemory: boolean,
): string {
  const host = hostname().split('.')[0];
  return [
    'ClusterName=test',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controller}`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/none',
    'CredType=cred/none',
    'CommunicationParameters=NoCtldInAddrAny,NoInAddrAny',
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool.%n`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/%n.pid`,
    `SlurmctldLogFile=${folder}/slurmctld.log`,
    `SlurmdLogFile=${folder}/%n.log`,
    `ProctrackType=proctrack/${limitsMemory ? 'cgroup' : 'linuxproc'}`,
    `TaskPlugin=task/${limitsMemory ? 'cgroup' : 'none'}`,
    'SwitchType=switch/none',
    'MpiDefault=none',
    'AccountingStorageType=accounting_storage/none',
    'JobAcctGatherType=jobacct_gather/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core_Memory',
    'ReturnToService=2',
    'MessageTimeout=5',
    'SlurmctldTimeout=30',
    'SlurmdTimeout=10',
    'KillWait=3',
    'MinJobAge=10',
    'SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1',
    'SlurmdParameters=config_overrides',
    'MailProg=/bin/true',
    ...nodes.map(
      (port, index) =>
        `NodeName=n${index + 1} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=2 ` +
        'SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN',
    ),
    'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefMemPerCPU=100 State=UP',
    ...lines,
    '',
  ].join('\n');
}

/** Ports that nobody listened on a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
        }),
    ),
  );
  return ports;
}

const tail = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(-15).join('\n');
  } catch {
    return `${path}: nothing`;
  }
};
