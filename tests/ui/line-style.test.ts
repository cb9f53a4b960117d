import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { markedPoints } from '../../src/ui/page/charts/curve-lines.ts';
import { lineStyleAt, distinctStyles } from '../../src/ui/page/charts/line-style.ts';

const css = readFileSync(join(import.meta.dirname, '../../src/ui/page/styles/base.css'), 'utf8');

/** The two colors of a variable of the page: of the light and of the dark scheme. */
function colorsOf(name: string): readonly [light: string, dark: string] {
  const [, light = '', dark = ''] =
    new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css) ?? [];
  return [light, dark];
}

/** WCAG 2.2, relative luminance. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

describe('the styles of curves', () => {
  test('the first eight differ in color alone, the others in their marker too, and none repeats', () => {
    const styles = Array.from({ length: distinctStyles }, (_, place) => lineStyleAt(place));
    expect(styles.slice(0, 8).every(({ marker }) => marker === 0)).toBe(true);
    expect(styles.slice(8).every(({ marker }) => marker > 0)).toBe(true);
    expect(new Set(styles.map(({ color, marker }) => `${color} ${marker}`)).size).toBe(72);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'color %i has a contrast of 4.5:1, needed for its label, in both schemes',
    (color) => {
      const [light, dark] = colorsOf(`series-${color}`);
      const [surface, darkSurface] = colorsOf('surface');
      expect(contrast(light, surface)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(dark, darkSurface)).toBeGreaterThanOrEqual(4.5);
    },
  );

  test('markers keep a distance, and overlapping lines start them at different places', () => {
    const points = Array.from({ length: 200 }, (_, x) => ({ x, y: 0 }));
    expect(markedPoints(points, 72, 12).map(({ x }) => x)).toEqual([12, 84, 156]);
    expect(markedPoints(points, 72, 24).map(({ x }) => x)).toEqual([24, 96, 168]);
  });
});
