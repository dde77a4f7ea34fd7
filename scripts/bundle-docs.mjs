// The table of docs/bundles.md: `node scripts/bundle-docs.mjs` measures and writes it. Its times want a machine that is quiet.

import { readFileSync, writeFileSync } from 'node:fs';
import { build, install } from './install.mjs';

await install();
await build();
const { bundleTable, measureBundles } = await import('../bench/dist/bundles.js');

const page = new URL('../docs/bundles.md', import.meta.url);
const BEGIN = '<!-- begin bundles: written by `node scripts/bundle-docs.mjs` -->';
const END = '<!-- end bundles -->';

const text = readFileSync(page, 'utf8');
const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
if (from < 0 || to < from) throw new Error('docs/bundles.md lacks the markers of the block bundles');
const table = bundleTable(await measureBundles(15, (text) => process.stderr.write(`${text}\n`)));
writeFileSync(page, `${text.slice(0, from + BEGIN.length)}\n${table}\n${text.slice(to)}`);
