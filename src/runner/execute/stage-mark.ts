import { attemptsFolder } from './attempt-folder.ts';
import type { Mark } from './processes.ts';

/** Where each run keeps what its stages print, from the project root. */
export const logsFolder = 'cache/logs';

/** What the processes of all stages of a project carry. */
export const stageMark = (root: string): Mark => ({ environment: `PIPELINE_CONTEXT=${root}/${attemptsFolder}/`, output: `${root}/${logsFolder}/` });
