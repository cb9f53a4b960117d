import type { PagePath } from '../../../pages/pages.ts';
import { pages } from '../../../pages/pages.ts';
import { type ReportData, reportElement } from '../../../pages/report/report-data.ts';
import { reportPort } from './report-port.ts';
import { serverPort } from './server-port.ts';

/** Where the pages get their answers: a server, or the file that they are in. */
interface DataPort {
  /** Whether the data is live: then there are events, files to download, and models to ask. */
  readonly isLive: boolean;
  readonly pages: readonly PagePath[];
  readonly notice: string;
  readonly hasCommands: boolean;
  /** The error of an answer that is refused holds its reason. */
  readonly answer: <T>(address: string, signal?: AbortSignal) => Promise<T>;
}

function openPort(): DataPort {
  const embedded = document.getElementById(reportElement)?.textContent;
  if (embedded === undefined || embedded === null)
    return {
      isLive: true,
      pages: pages.map(({ path }) => path),
      notice: '',
      hasCommands: true,
      answer: serverPort,
    };
  const data: ReportData = JSON.parse(embedded);
  return { ...data, isLive: false, answer: reportPort(data) };
}

export const port: DataPort = openPort();

/** Whether there is a page to link to. */
export const hasPage = (path: PagePath): boolean => port.pages.includes(path);
