import {
  closeSync,
  constants,
  type FSWatcher,
  mkdirSync,
  openSync,
  readFileSync,
  watch,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { createInterface } from 'node:readline';

export interface Puppet {
  /** What stands in the YAML as `cmd`. */
  readonly cmd: readonly string[];
  /** The next process that said hello, or says it. */
  nextStart(): Promise<Started>;
  /** How many said hello that nobody asked for yet. */
  readonly waiting: number;
}

/** A stage that runs and waits for orders. */
export interface Started {
  readonly pid: number;
  readonly context: { readonly outs: Readonly<Record<string, string>>; readonly scratch: string };
  /** Resolves when it is done. */
  order(order: string, details?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Writes outs by name, and ends. */
  exit(code: number, outs?: Readonly<Record<string, string>>): Promise<void>;
  /** When its connection is gone: it has ended. */
  readonly gone: Promise<void>;
}

/** The puppets of a project, by name, in the order in which they came. */
export interface Puppets {
  puppet(name: string): Puppet;
  close(): void;
}

export async function puppetsOf(socketPath: string): Promise<Puppets> {
  const hellos = new Hellos(socketPath);
  const server = await listen(socketPath, hellos);
  return {
    puppet: (name) => ({
      cmd: [puppetFile, socketPath, name],
      nextStart: () => hellos.next(name),
      get waiting() {
        return hellos.waiting(name);
      },
    }),
    close() {
      hellos.close();
      server.close();
    },
  };
}

const puppetFile = join(import.meta.dirname, 'puppet.sh');

class Hellos {
  readonly #socketPath: string;
  readonly #ready = new Map<string, Started[]>();
  readonly #asked = new Map<string, ((started: Started) => void)[]>();
  /** Puppets that are becoming puppet.mjs, by their process. */
  readonly #becoming = new Map<number, (started: Started) => void>();
  readonly #sockets = new Set<Socket>();
  readonly #watcher: FSWatcher;
  #read = 0;

  /** Each puppet.sh adds a line to a file beside the socket. */
  constructor(socketPath: string) {
    this.#socketPath = socketPath;
    writeFileSync(`${socketPath}.hellos`, '');
    this.#watcher = watch(`${socketPath}.hellos`, () => this.#takeLines());
  }

  #takeLines(): void {
    const text = readFileSync(`${this.#socketPath}.hellos`, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    const lines = text.slice(this.#read, end).split('\n').slice(0, -1);
    this.#read = end;
    for (const line of lines) {
      const [pid, name = '', folder = '', context = ''] = line.split('\t');
      this.#arrive(name, this.#startedShell(Number(pid), folder, context));
    }
  }

  /** Obeys an order that the shell cannot once it is puppet.mjs. */
  #startedShell(pid: number, folder: string, contextFile: string): Started {
    const path = `${this.#socketPath}.${pid}`;
    const context: Started['context'] =
      contextFile === '' ? { outs: {}, scratch: '' } : JSON.parse(readFileSync(contextFile, 'utf8'));
    const life = new Socket({
      fd: openSync(`${path}.life`, constants.O_RDONLY | constants.O_NONBLOCK),
      readable: true,
      writable: false,
    });
    this.#sockets.add(life);
    let become: Promise<Started> | undefined;
    const gone = new Promise<void>((resolve) => {
      life.on('close', () => resolve(become?.then((started) => started.gone)));
      life.resume();
    });
    const tell = (order: string): void => {
      const orders = openSync(`${path}.orders`, constants.O_WRONLY | constants.O_NONBLOCK);
      writeSync(orders, `${order}\n`);
      closeSync(orders);
    };
    const becomeNode = (): Promise<Started> => {
      become ??= new Promise((resolve) => {
        this.#becoming.set(pid, resolve);
        tell('become');
      });
      return become;
    };
    return {
      pid,
      context,
      order: async (name, details) => (await becomeNode()).order(name, details),
      exit: async (code, outs = {}) => {
        if (become !== undefined) return (await become).exit(code, outs);
        for (const [out, text] of Object.entries(outs)) {
          const place = resolvePath(folder, placeOf(out, context));
          mkdirSync(dirname(place), { recursive: true });
          writeFileSync(place, text);
        }
        tell(`exit ${code}`);
        return gone;
      },
      gone,
    };
  }

  /** A puppet.mjs has connected. */
  add(socket: Socket): void {
    this.#sockets.add(socket);
    const waiting = new Map<number, (answer: unknown) => void>();
    let orders = 0;
    const order: Started['order'] = (name, details = {}) =>
      new Promise((resolve) => {
        const id = orders++;
        waiting.set(id, resolve);
        socket.write(`${JSON.stringify({ ...details, id, order: name })}\n`);
      });
    const gone = new Promise<void>((resolve) => {
      socket.on('close', () => resolve());
    });
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      const message: {
        readonly hello?: string;
        readonly pid: number;
        readonly context: Started['context'];
        readonly id: number;
        readonly answer: unknown;
      } = JSON.parse(line);
      if (message.hello === undefined) {
        waiting.get(message.id)?.(message.answer);
        return;
      }
      const started: Started = {
        pid: message.pid,
        context: message.context,
        order,
        gone,
        async exit(code, outs = {}) {
          if (Object.keys(outs).length > 0)
            await order('write', {
              files: Object.fromEntries(Object.entries(outs).map(([out, text]) => [`out:${out}`, text])),
            });
          void order('exit', { code });
          await gone;
        },
      };
      // A program of a test's own may say hello too.
      const becoming = this.#becoming.get(message.pid);
      if (becoming === undefined) this.#arrive(message.hello, started);
      else becoming(started);
    });
  }

  #arrive(name: string, started: Started): void {
    const asked = this.#asked.get(name)?.shift();
    if (asked !== undefined) asked(started);
    else this.#ready.set(name, [...(this.#ready.get(name) ?? []), started]);
  }

  next(name: string): Promise<Started> {
    const ready = this.#ready.get(name)?.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => this.#asked.set(name, [...(this.#asked.get(name) ?? []), resolve]));
  }

  waiting(name: string): number {
    return this.#ready.get(name)?.length ?? 0;
  }

  close(): void {
    this.#watcher.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** An out by its name, or a path in it. */
function placeOf(out: string, { outs }: Started['context']): string {
  const [name = '', ...inside] = out.split('/');
  return [outs[name], ...inside].join('/');
}

function listen(path: string, hellos: Hellos): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => hellos.add(socket));
    server.listen(path, () => resolve(server));
  });
}
