import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jsonText } from '../../files/json-text.ts';
import type { Result } from '../../result.ts';
import type { Problem, Project } from '../../runner/project.ts';
import { admission, type Keys } from './admission.ts';
import { type AskCommand, type QuestionQueue, questionQueue, readQuestion } from './ask.ts';
import { type ApiAnswer, answerApi, type Api } from './answer-api.ts';
import { liveEvents } from './live-events.ts';
import { type PageFiles, readPageFiles } from './page-files.ts';

interface PageOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Where scripts/build.mjs put the files of the page. */
  readonly pageFolder: string;
  /** The version of this program, for the foot of the page. */
  readonly version: string;
  /** The pipeline file, as typed. */
  readonly file?: string | undefined;
  /** Opens the project again for each answer, so that it reflects the current files and rows. */
  readonly openProject: () => Promise<Project>;
  readonly problemText: (problem: Problem) => Promise<string>;
  readonly askCommand: AskCommand;
}

export interface PageServer {
  readonly port: number;
  /** With the token, which the first request swaps for a cookie. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the page of a project on 127.0.0.1. The error is why the port cannot be used. */
export async function servePage(options: PageOptions): Promise<Result<PageServer>> {
  const files = await readPageFiles(options.pageFolder);
  if (!files.ok) return files;
  const [token, session] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  let keys: Keys = { token, session, cookie: '' };
  const api: Api = { ...options, answering: new Map(), evaluations: new Map() };
  const questions = questionQueue(options.askCommand);
  const stopped = new AbortController();
  const server = createServer((request, response) => {
    answer(request, response, { files: files.value, keys, api, questions, stopped: stopped.signal }).catch(
      (error: unknown) => {
        const problem = error instanceof Error ? error.message : String(error);
        if (response.headersSent) response.destroy();
        else sendJson(response, { status: 500, body: { problem } });
      },
    );
  });
  const listening = await new Promise<Result<void>>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve({
        ok: false,
        error:
          error.code === 'EADDRINUSE'
            ? `port ${options.port} is in use: choose another one with ` +
              '--port, or omit --port for any free one'
            : `port ${options.port} cannot be opened: ${error.message}`,
      }),
    );
    server.listen(options.port, '127.0.0.1', () => resolve({ ok: true, value: undefined }));
  });
  if (!listening.ok) return listening;
  const port = portOf(server.address());
  keys = { ...keys, cookie: `pipeline-ui-${port}` };
  return {
    ok: true,
    value: {
      port,
      url: `http://127.0.0.1:${port}/?token=${token}`,
      close: () =>
        new Promise((resolve) => {
          stopped.abort();
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    },
  };
}

const portOf = (address: string | AddressInfo | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

interface Serving {
  readonly files: PageFiles;
  readonly keys: Keys;
  readonly api: Api;
  readonly questions: QuestionQueue;
  readonly stopped: AbortSignal;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { files, keys, api, questions, stopped }: Serving,
): Promise<void> {
  for (const [name, value] of Object.entries(everyAnswer)) response.setHeader(name, value);
  const admitted = admission(request, keys);
  switch (admitted.kind) {
    case 'refused':
      return sendJson(response, { status: admitted.status, body: { problem: admitted.problem } });
    case 'sign-in':
      response.writeHead(303, { location: admitted.location, 'set-cookie': admitted.setCookie }).end();
      return;
    case 'admitted': {
      const { path, query } = admitted;
      if (request.method === 'POST') return answerQuestion(request, response, questions, stopped);
      if (path === '/api/events') return liveEvents(request, response, query, { ...api, stopped });
      if (path.startsWith('/api/')) return sendAnswer(response, await answerApi(path, query, api));
      const file = files[path];
      if (file !== undefined) response.writeHead(200, { 'content-type': file.type }).end(file.content);
      else sendJson(response, { status: 404, body: { problem: `there is no page ${path}` } });
    }
  }
}

/** A client that disconnects while a model computes cancels that. */
async function answerQuestion(
  request: IncomingMessage,
  response: ServerResponse,
  questions: QuestionQueue,
  stopped: AbortSignal,
): Promise<void> {
  const question = await readQuestion(request);
  if (!question.ok) return sendJson(response, { status: 400, body: { problem: question.error } });
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const answered = await questions.ask(question.value, AbortSignal.any([gone.signal, stopped]));
  if (answered === undefined) return;
  if (answered.ok) sendJson(response, { status: 200, body: answered.value });
  else sendJson(response, { status: 422, body: { problem: answered.error } });
}

function sendAnswer(response: ServerResponse, answered: ApiAnswer): void {
  if (answered.kind === 'json') return sendJson(response, answered);
  // Never displayed as a page of this origin, whatever its content.
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(answered.name)}`,
  });
  answered.stream.on('error', () => response.destroy()).pipe(response);
}

function sendJson(response: ServerResponse, { status, body }: { status: number; body: object }): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(jsonText(body));
}

/**
 * Nothing but what this server sends is loaded, nothing frames the page, and no text can become a script:
 * https://www.w3.org/TR/CSP3/ and https://www.w3.org/TR/trusted-types/.
 */
const everyAnswer = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for " +
    "'script'; trusted-types 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};
