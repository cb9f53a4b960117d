import { shellQuoted } from '../../../../files/shell-quoted.ts';

/** The command that prints the same metrics in the same order. */
export const metricsCommand = (metrics: readonly string[], sort: string): string =>
  ['metrics', ...(metrics.length > 0 ? [`--columns ${quoted(metrics.join(','))}`] : [])]
    .concat(sort === '' ? [] : [`--sort ${quoted(sort)}`])
    .join(' ');

const quoted = (text: string): string => (/^[\w.,-]+$/.test(text) ? text : shellQuoted(text));
