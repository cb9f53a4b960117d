/** The page's style sheet: follows the reader's light or dark setting. */
export const styles = `
:root {
  color-scheme: light dark;
  --line: color-mix(in srgb, currentColor 18%, transparent);
  --dot: #0072b2;
}
@media (prefers-color-scheme: dark) { :root { --dot: #56b4e9; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: .2rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
h3 { margin: 1.8rem 0 .4rem; }
.notice { border-left: 4px solid #d55e00; padding-left: .8rem; }
.quiet, small { opacity: .75; }
small { display: block; font-size: .78em; white-space: nowrap; }
nav a { margin-right: 1rem; }
svg { width: 100%; min-width: 34rem; max-width: 46rem; height: auto; }
svg text { font-size: 12px; fill: currentColor; }
.grid { stroke: var(--line); }
.whisker { stroke: var(--dot); stroke-width: 2; opacity: .6; fill: none; }
.seed { stroke: currentColor; stroke-width: 1.5; }
.dot { fill: var(--dot); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; }
td, th { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
tbody th, thead th:first-child { text-align: left; }
tbody th { white-space: nowrap; }
thead th { font-weight: 600; }
.text td { text-align: left; min-width: 14rem; }
details { margin: .4rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.legend span { margin-right: 1rem; white-space: nowrap; }
.legend .quiet { white-space: normal; }
.key { width: 28px; min-width: 28px; height: 12px; margin-right: .4em; vertical-align: middle; }
`;
