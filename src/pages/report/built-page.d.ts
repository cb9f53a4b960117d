/**
 * The page as it is built, as texts: `npm run build` writes built-page.js, so that programs that are bundled
 * hold the page.
 */
export const builtPage: {
  readonly script: string;
  readonly style: string;
  /** An SVG. */
  readonly icon: string;
};
