/** All the looks of a report. Its hash stands in the page's policy: no other style is applied. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#59636e;--paper:#fff;--panel:#f6f8fa;
--rule:#d1d9e0;--good:#1a7f37;--bad:#c4281c;--doubt:#9a6700;--safe:#0072b2;--idempotent:#56b4e9;
--unsafe:#d55e00;--stream:#b0679b;--p50:#1f6feb;--p99:#8250df;--shade:#f2cc60}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--paper:#0d1117;
--panel:#161b22;--rule:#3d444d;--good:#3fb950;--bad:#ff7b72;--doubt:#d29922;--safe:#58a6e0;
--idempotent:#8fd0f5;--unsafe:#f0883e;--stream:#d9a0c8;--p50:#79c0ff;--p99:#d2a8ff;--shade:#9e8020}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:60rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.2rem;margin:2.5rem 0 .25rem;padding-top:1rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:1.5rem 0 .25rem}
p{margin:.5rem 0}
.dim{color:var(--dim)}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;
border-bottom:1px solid var(--rule);overflow-wrap:normal;min-width:4rem}
td.text{min-width:14rem;overflow-wrap:anywhere}
th{font-weight:600}
.verdict{font-weight:600;white-space:nowrap}
.held{color:var(--good)}.missed,.left{color:var(--bad)}
.could-not-verify,.aborted{color:var(--doubt)}
code{font:.9em ui-monospace,monospace;background:var(--panel);padding:.1em .3em;border-radius:.3em}
pre{background:var(--panel);padding:.75rem;border-radius:.4rem;
overflow-x:auto;font-size:.85rem}
pre code{padding:0;background:none}
figure{margin:1rem 0}
figcaption{font-size:.85rem;color:var(--dim)}
svg{display:block;width:100%;height:auto;max-width:46rem;
background:var(--panel);border-radius:.4rem}
svg text{font:13px system-ui,sans-serif;fill:var(--dim)}
svg .grid{stroke:var(--rule);stroke-width:.5}
svg .line{fill:none;stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
svg .p50{stroke:var(--p50)}svg .p99{stroke:var(--p99)}
svg .predicted{fill:var(--shade);opacity:.3}
svg .mark{stroke-width:1;stroke-dasharray:3 2}
svg .mark.broken{stroke:var(--bad)}svg .mark.undone{stroke:var(--good)}
svg text.broken{fill:var(--bad)}svg text.undone{fill:var(--good)}
.safe{fill:var(--safe)}.idempotent{fill:var(--idempotent)}
.unsafe{fill:var(--unsafe)}.stream{fill:var(--stream)}
svg.key{display:inline-block;width:.7rem;height:.7rem;margin:0 .3rem 0 .4rem;border-radius:0}
.key-line50{color:var(--p50)}.key-line99{color:var(--p99)}
@media print{body{max-width:none}h2{break-before:auto}figure,table{break-inside:avoid}}
`;
