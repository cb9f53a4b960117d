import { InvalidArgumentError } from 'commander';

/** Reads an option that is a size: decimal units (50GB) and binary ones (20GiB), in bytes. */
export function amountOfBytes(text: string): number {
  const [, number, prefix = '', binary] = /^(\d+(?:\.\d+)?) ?([KMGT]?)(i?)B$/.exec(text) ?? [];
  if (number === undefined || (prefix === '' && binary !== ''))
    throw new InvalidArgumentError('expected a size such as 800MB, 50GB or 20GiB.');
  return Math.round(Number(number) * (binary === '' ? 1000 : 1024) ** ' KMGT'.indexOf(prefix || ' '));
}

/** Reads an option that is a span of whole days, as "30d". */
export function numberOfDays(text: string): number {
  const [, days] = /^(\d{1,6})d$/.exec(text) ?? [];
  if (days === undefined) throw new InvalidArgumentError('expected a number of days such as 30d.');
  return Number(days);
}
