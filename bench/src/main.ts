/**
 * `npm run bench`: Switchgear next to cockatiel and opossum, in one run; `--rounds N` measures longer.
 * `npm run bench -- bundles`: bytes and import time of each subpath, the table of docs/bundles.md.
 * `npm run bench -- proxy`: requests per second through the sidecar's proxy, beside a bare one.
 * `npm run bench -- push`: how fast 50 processes know of a trip. `--json` prints one object.
 */

import { parseArgs } from 'node:util';
import { bundleTable, measureBundles } from './bundles.js';
import { measureCalls } from './calls.js';

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '31' } },
  allowPositionals: true,
});
const [what, ...more] = positionals;
if (![undefined, 'bundles', 'proxy', 'push'].includes(what) || more.length > 0) {
  console.error(`'${positionals.join(' ')}' is no benchmark; allowed: bundles, proxy, push, or nothing`);
  process.exit(2);
}
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds is '${values.rounds}'; allowed: a whole number from 1`);
  process.exit(2);
}

const progress = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};
if (what === 'bundles') {
  const bundles = await measureBundles(rounds, progress);
  progress('');
  console.log(
    values.json ? JSON.stringify({ node: process.version, rounds, bundles }) : bundleTable(bundles),
  );
  process.exit(0);
}
if (what === 'proxy') {
  const { measureProxy } = await import('./proxy.js');
  const proxy = await measureProxy(rounds, progress);
  progress('');
  if (values.json) console.log(JSON.stringify({ node: process.version, rounds, proxy }));
  else {
    console.log(
      `Node ${process.version}, ${rounds} rounds, contenders in turn, requests per second, medians`,
    );
    console.table(proxy);
  }
  process.exit(0);
}
if (what === 'push') {
  // The other benchmarks need none of the services.
  const { measurePush, pushRows } = await import('./push.js');
  const report = await measurePush(progress);
  progress('');
  if (values.json) console.log(JSON.stringify({ node: process.version, ...report }));
  else
    for (const [store, figures] of Object.entries(report)) {
      const { trips, processes, rate, cacheTtlMs, storeCallsPerFailure } = figures;
      console.log(
        `${store}: ${trips} trips, ${processes} processes, ${rate} calls/s, cacheTtl ${cacheTtlMs} ms`,
      );
      console.table(pushRows(figures));
      console.log(`store calls per failing call: ${storeCallsPerFailure}\n`);
    }
  process.exit(0);
}
const calls = await measureCalls(rounds, progress);
const bundles = await measureBundles(Math.min(rounds, 11), progress);
progress('');

const { healthy, rejected } = calls;
/** What the goals are about. Below 1: Switchgear is cheaper. */
const ratios = {
  'healthy call, to cockatiel': healthy.switchgear / healthy.cockatiel,
  'healthy call with timeout and bulkhead, to opossum': healthy.switchgearGuarded / healthy.opossumGuarded,
  'healthy call with timeout, bulkhead and fallback, to an async function with a timer':
    healthy.switchgearAround / healthy.bareTimeout,
  'rejected call, to cockatiel': rejected.switchgear / rejected.cockatiel,
};

if (values.json)
  console.log(JSON.stringify({ node: process.version, rounds, healthy, rejected, ratios, bundles }));
else {
  console.log(`Node ${process.version}, ${rounds} rounds, contenders in turn, medians\n`);
  console.log('nanoseconds per call');
  console.table({
    healthy: {
      switchgear: healthy.switchgear,
      cockatiel: healthy.cockatiel,
      opossum: healthy.opossum,
      'bare await': healthy.bare,
    },
    'healthy, timeout + bulkhead': {
      switchgear: healthy.switchgearGuarded,
      cockatiel: healthy.cockatielGuarded,
      opossum: healthy.opossumGuarded,
      'bare await': healthy.bareTimeout,
    },
    'healthy, with fallback too': { switchgear: healthy.switchgearAround },
    'healthy, timeout + bulkhead, calls listened to': { switchgear: healthy.switchgearHeard },
    rejected,
  });
  console.log('ratios (below 1: Switchgear is cheaper)');
  console.table(ratios);
  console.log('bundles (esbuild, minified, without what the user has anyway: SDKs and clients)');
  console.log(bundleTable(bundles));
}
// opossum's timers would keep the process alive.
process.exit(0);
