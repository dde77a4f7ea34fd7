/** Colours differ in lightness too: they still tell when printed in grey. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --faint: #66707f; --rule: #d5dae2; --shade: #f3e3e0;
  --succeeded: #7fb2d4; --failed: #b3261e; --rejected: #e6c76a; --closed: #cfe3ef; --half-open: #2f6f4f; --ramp: #8fbf9f;
  --open: #b3261e; --local-open: #e08a3c; --reads: #2b6ca3; --writes: #7a3e9d; --admitted: #2b6ca3; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e3e8ef; --faint: #98a3b3; --rule: #333c49; --shade: #2c2224;
  --succeeded: #2f678c; --failed: #ff7a6e; --rejected: #8f7830; --closed: #22394a; --half-open: #63d197; --ramp: #3f7c58;
  --open: #d6483e; --local-open: #d98a45; --reads: #6db3ec; --writes: #c795e8; --admitted: #6db3ec; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #444; --rule: #bbb; --shade: #f0e4e2;
  --succeeded: #7fb2d4; --failed: #b3261e; --rejected: #e6c76a; --closed: #cfe3ef; --half-open: #2f6f4f; --ramp: #8fbf9f;
  --open: #b3261e; --local-open: #e08a3c; --reads: #2b6ca3; --writes: #7a3e9d; --admitted: #2b6ca3; } }
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body { margin: 0 auto; max-width: 1040px; padding: 32px 24px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Liberation Sans", sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 8px; } h2 { font-size: 18px; margin: 32px 0 8px; }
p { margin: 0 0 6px; } pre { margin: 0; padding: 10px 12px; border: 1px solid var(--rule); border-radius: 6px; white-space: pre-wrap;
  overflow-wrap: anywhere; font: 13px/1.45 ui-monospace, "Liberation Mono", monospace; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: bottom; white-space: nowrap; }
thead th { white-space: normal; } tbody th { text-align: left; font-weight: 400; } td { color: var(--ink); }
figure { margin: 0 0 10px; } figcaption { font-size: 13px; color: var(--faint); margin-left: 6%; }
.key { margin-left: 14px; white-space: nowrap; color: var(--ink); } .key i { display: inline-block; width: 11px; height: 11px; margin-right: 5px;
  border-radius: 2px; background: currentColor; vertical-align: -1px; }
svg { display: block; width: 100%; height: auto; } .tick { fill: var(--faint); font-size: 11px; } .grid { stroke: var(--rule); fill: none; }
.base { stroke: var(--faint); fill: none; } .trouble { fill: var(--shade); } .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
${[
  'succeeded',
  'failed',
  'rejected',
  'admitted',
  'reads',
  'writes',
  'closed',
  'half-open',
  'ramp',
  'open',
  'local-open',
]
  .map(
    (name) =>
      `path.area.${name}, path.state.${name} { fill: var(--${name}); } path.line.${name} { stroke: var(--${name}); } i.${name} { color: var(--${name}); }`,
  )
  .join('\n')}
dl { font-size: 13px; display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; } dt { font-weight: 600; } dd { margin: 0; }
@media (max-width: 700px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; } }
@media print { @page { size: A4; margin: 14mm; } body { padding: 0; max-width: none; font-size: 11pt; } figure, tr, dd { break-inside: avoid; }
  section { break-inside: avoid-page; } h2 { break-after: avoid; } table { font-size: 7.5pt; } th, td { padding: 2px 4px; } dl { font-size: 9pt; } }
`;
