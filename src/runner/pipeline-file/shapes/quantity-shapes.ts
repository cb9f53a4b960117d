import { choice, map, matching, positiveNumber, wholeNumber } from './shape.ts';

/** A span of time, in seconds. */
export const seconds = choice(
  'seconds, or a text such as 90s, 10m or 2h',
  {
    number: positiveNumber,
    unit: map(
      matching('seconds, or a text such as 90s, 10m or 2h', /^\d+(\.\d+)?[smhd]$/),
      ({ value, at }) => ({
        value: Number.parseFloat(value) * ({ s: 1, m: 60, h: 3600, d: 86400 }[value.slice(-1)] ?? 1),
        at,
      }),
    ),
  },
  (node) => (node.kind === 'scalar' && typeof node.value === 'string' ? 'unit' : 'number'),
);

/** An amount of memory, in bytes. */
export const bytes = choice(
  'a number of bytes, or a text such as 800MB or 8GiB',
  {
    number: wholeNumber(1),
    unit: map(
      matching('a number of bytes, or a text such as 800MB or 8GiB', /^\d+(\.\d+)? ?[KMGT]i?B$/),
      ({ value, at }) => {
        const exponent = 'KMGT'.indexOf(/[KMGT]/.exec(value)?.[0] ?? 'K') + 1;
        return {
          value: Math.round(Number.parseFloat(value) * (value.endsWith('iB') ? 1024 : 1000) ** exponent),
          at,
        };
      },
    ),
  },
  (node) => (node.kind === 'scalar' && typeof node.value === 'string' ? 'unit' : 'number'),
);
