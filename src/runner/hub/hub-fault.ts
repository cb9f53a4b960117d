import { type FileProblem, fileProblemText } from '../../files/file-problem.ts';
import type { Diagnostic, Range } from '../diagnostic.ts';
import { durationText } from '../wording/duration-text.ts';
import { joinFirst } from '../wording/join-first.ts';
import { type HubName, hubName } from '../wording/hub-name.ts';
import { sizeText } from '../wording/size-text.ts';

export type HubReference = HubName;

/** Why a folder of the hub could not be had. */
export interface HubFault extends HubReference {
  readonly problem: HubProblem;
}

export type HubProblem =
  | { readonly kind: 'bad-name'; readonly name: string; readonly expected: string }
  | { readonly kind: 'bad-setting'; readonly variable: string; readonly message: string }
  /** Offline, and the commit of a branch or tag is not recorded. */
  | { readonly kind: 'offline-revision' }
  /** Offline, and the files are not here. `damaged`: those that are here in part. */
  | { readonly kind: 'offline-files'; readonly folder: string; readonly damaged: readonly string[] }
  /** 401 and 403. */
  | {
      readonly kind: 'no-access';
      readonly status: number;
      readonly gated: boolean;
      readonly token: boolean;
      readonly page: string;
    }
  | { readonly kind: 'not-found'; readonly what: 'repository' | 'revision' | 'file'; readonly words: string }
  | { readonly kind: 'no-model'; readonly missing: string; readonly found: readonly string[] }
  | { readonly kind: 'no-data'; readonly path: string | undefined; readonly found: readonly string[] }
  | { readonly kind: 'hostile-name'; readonly name: string }
  | { readonly kind: 'bad-answer'; readonly message: string }
  | {
      readonly kind: 'unreachable';
      readonly host: string;
      readonly reason: string;
      readonly certificate: boolean;
    }
  | {
      readonly kind: 'rate-limited';
      readonly host: string;
      readonly seconds: number | undefined;
      readonly token: boolean;
    }
  | { readonly kind: 'refused'; readonly host: string; readonly status: number; readonly words: string }
  | { readonly kind: 'wrong-size'; readonly file: string; readonly expected: number; readonly found: number }
  | { readonly kind: 'wrong-hash'; readonly file: string; readonly expected: string; readonly found: string }
  | { readonly kind: 'differs-from-lock'; readonly files: readonly string[] }
  | { readonly kind: 'lock-file'; readonly problem: FileProblem }
  /** In bytes a second. */
  | {
      readonly kind: 'too-slow';
      readonly host: string;
      readonly bytesPerSecond: number;
      readonly leastSpeed: number;
    }
  /** `because`: why the last try failed; undefined: it was still going on. */
  | { readonly kind: 'out-of-time'; readonly because: HubProblem | undefined }
  /** `missing`: bytes that are still to be written. */
  | { readonly kind: 'disk'; readonly problem: FileProblem; readonly missing: number | undefined }
  | { readonly kind: 'interrupted' };

/** What happened and what to do next, in one paragraph. */
export function hubFaultText({ problem, ...reference }: HubFault): string {
  const { message, help } = words(problem);
  return `${hubName(reference)}: ${message}: ${help}`;
}

/** The same for the dep that names the folder. The code is `hub-` and the kind of the problem. */
export function hubDiagnostic({ problem, ...reference }: HubFault, at: Range): Diagnostic {
  const { message, help } = words(problem);
  return {
    severity: 'error',
    code: `hub-${problem.kind}`,
    message: `${hubName(reference)}: ${message}`,
    at,
    help,
  };
}

/** Why one try did not end well, where another follows. */
export const hubProblemText = (problem: HubProblem): string => words(problem).message;

interface Words {
  readonly message: string;
  readonly help: string;
}

const resumes = 'downloaded files are kept, and the next run resumes the download';

function words(problem: HubProblem): Words {
  switch (problem.kind) {
    case 'bad-name':
      return {
        message: `${JSON.stringify(problem.name.slice(0, 100))} cannot be a name on the hub`,
        help: `expected ${problem.expected}`,
      };
    case 'bad-setting':
      return {
        message: `the environment variable ${problem.variable} has a value that cannot be used`,
        help: problem.message,
      };
    case 'offline-revision':
      return {
        message: 'the commit of this revision is unknown, and HF_HUB_OFFLINE is set',
        help:
          'run once without HF_HUB_OFFLINE (pipeline.lock then names the commit), or write the commit, ' +
          '40 hex digits, after the @',
      };
    case 'offline-files':
      return {
        message:
          problem.damaged.length === 0
            ? `is not in ${problem.folder}, and HF_HUB_OFFLINE is set`
            : `${joinFirst(problem.damaged, 8)} in ${problem.folder} changed since the download, and ` +
              'HF_HUB_OFFLINE is set',
        help: 'run once without HF_HUB_OFFLINE, or copy that folder from a machine that has it',
      };
    case 'no-access':
      return noAccess(problem);
    case 'not-found':
      return notFound(problem);
    case 'no-model':
      return {
        message: `the repository has no supported model: ${problem.missing} is missing`,
        help:
          problem.found.length === 0
            ? 'it is empty at this revision'
            : `it has ${joinFirst(problem.found, 8)}; name a repository or a revision with safetensors ` +
              'or PyTorch weights',
      };
    case 'no-data':
      return {
        message:
          problem.path === undefined
            ? 'the data set has no files'
            : `the data set has no file or folder ${JSON.stringify(problem.path.slice(0, 100))}`,
        help:
          problem.found.length === 0
            ? 'it is empty at this revision'
            : `it has ${joinFirst(problem.found, 8)}`,
      };
    case 'hostile-name':
      return {
        message:
          'the hub lists a file named ' +
          `${JSON.stringify(problem.name.slice(0, 100))}, which leads out of its folder`,
        help: 'nothing was downloaded; check HF_ENDPOINT: the Hugging Face hub has no such names',
      };
    case 'bad-answer':
      return {
        message: `unexpected answer from the hub: ${problem.message}`,
        help: 'check HF_ENDPOINT and the proxy; if both are right, try again later',
      };
    case 'unreachable':
      return {
        message: `${problem.host} cannot be reached (${problem.reason})`,
        help: problem.certificate
          ? 'its certificate is not trusted: if a proxy replaces certificates, name its root ' +
            'certificate in NODE_EXTRA_CA_CERTS'
          : `check the network and HTTPS_PROXY; ${resumes}`,
      };
    case 'rate-limited':
      return {
        message: `${problem.host} limits the rate of requests`,
        help: [
          `try again ${problem.seconds === undefined ? 'later' : `in ${durationText(problem.seconds)}`}`,
          ...(problem.token ? [] : ['with HF_TOKEN set, more requests are allowed']),
          resumes,
        ].join('; '),
      };
    case 'refused':
      return {
        message:
          `${problem.host} answered with status ` +
          `${problem.status}${problem.words === '' ? '' : ` (${problem.words})`}`,
        help: `try again later; ${resumes}`,
      };
    case 'wrong-size':
      return {
        message: `${problem.file} has ${problem.found} bytes, but the hub lists ${problem.expected}`,
        help:
          'the file was discarded, other files are kept; try ' +
          'again, and check the proxy if it happens again',
      };
    case 'wrong-hash':
      return {
        message:
          `${problem.file} does not match the hash that the hub lists: it has ${problem.found}, ` +
          `expected ${problem.expected}`,
        help:
          'the file was discarded, other files are kept; try ' +
          'again, and check the proxy if it happens again',
      };
    case 'differs-from-lock':
      return {
        message:
          `does not match pipeline.lock: ${joinFirst(problem.files, 8)} ` +
          `differ${problem.files.length === 1 ? 's' : ''}`,
        help: 'restore pipeline.lock from version control, or remove the entry to accept the new content',
      };
    case 'lock-file':
      return {
        message: fileProblemText(problem.problem),
        help: 'restore pipeline.lock from version control, or remove it to look up all names again',
      };
    case 'disk':
      return {
        message: fileProblemText(problem.problem),
        help:
          problem.missing === undefined
            ? 'fix this and run again, or name another folder in HF_HOME'
            : `${sizeText(problem.missing)} are missing: free some space, or name another folder in ` +
              `HF_HOME; ${resumes}`,
      };
    case 'too-slow':
      return {
        message:
          `${problem.host} sends ${sizeText(problem.bytesPerSecond)} per second, less than ` +
          `${sizeText(problem.leastSpeed)}`,
        help:
          'try again later, or lower the limit in ' +
          `PIPELINE_HUB_LEAST_SPEED (bytes per second, 0: none); ${resumes}`,
      };
    case 'out-of-time':
      return {
        message:
          'the download took longer than ' +
          `allowed${problem.because === undefined ? '' : ` (last: ${words(problem.because).message})`}`,
        help: `set the limit in PIPELINE_HUB_TOTAL_TIME (seconds, 0: none); ${resumes}`,
      };
    case 'interrupted':
      return { message: 'the download was interrupted', help: resumes };
  }
}

function noAccess({
  status,
  gated,
  token,
  page,
}: Extract<HubProblem, { readonly kind: 'no-access' }>): Words {
  if (gated)
    return {
      message: `this repository is gated (${status})`,
      help:
        `accept its conditions at ${page}` +
        (token
          ? ' with the account that HF_TOKEN belongs to'
          : ', and set HF_TOKEN to a token of that account'),
    };
  if (token)
    return {
      message: `the token in HF_TOKEN gives no access (${status})`,
      help: `check that it is valid and may read ${page}`,
    };
  return {
    message: `does not exist, or is private (${status})`,
    help: 'check the spelling; for a private repository set HF_TOKEN',
  };
}

function notFound({ what, words: serverText }: Extract<HubProblem, { readonly kind: 'not-found' }>): Words {
  const message = serverText === '' ? '' : ` (${serverText})`;
  switch (what) {
    case 'repository':
      return {
        message: `no such repository${message}`,
        help: 'check the owner and the name; a private repository needs HF_TOKEN',
      };
    case 'revision':
      return {
        message: `no such revision${message}`,
        help: 'write a commit, a branch or a tag after the @',
      };
    case 'file':
      return {
        message: `a file that the hub lists does not exist${message}`,
        help: 'try again later, or check HF_ENDPOINT',
      };
  }
}
