/**
 * The built page as strings: `npm run build` writes built-page.js, so that bundled programs can embed the
 * page.
 */
export const builtPage: {
  readonly script: string;
  readonly style: string;
  /** An SVG. */
  readonly icon: string;
};
