/** What the page says of circuits, acts and times. */

import type { Circuit } from '@switchgear/cli/control-api';
import { expect, it } from 'vitest';
import { ACTS, actsFor, consequences, fingerprint } from '../src/act/acts.ts';
import { arrange, tally } from '../src/board/arrange.ts';
import { counted, gist, next, nextBriefly, why } from '../src/words/circuit.ts';
import { percent } from '../src/words/numbers.ts';
import { shown } from '../src/words/text.ts';
import { duration, remaining, shortDuration } from '../src/words/time.ts';

const NOW = 1_800_000_000_000;
const closed: Circuit = {
  name: 'payments',
  state: 'closed',
  sinceMs: NOW - 90_000,
  retryAfterMs: 0,
  evidence: { calls: 200, failures: 1, slow: 0, isolated: 0 },
  failureRatio: 0.005,
  epoch: { number: 3, id: 'c' },
  versions: { override: 0, policy: 0 },
  leases: [],
};
const open: Circuit = {
  ...closed,
  state: 'open',
  openUntilMs: NOW + 6_000,
  transition: {
    from: 'closed',
    to: 'open',
    atMs: NOW - 4_000,
    reason: 'failures',
    by: 'api-7',
    calls: 9,
    failures: 7,
    lastFailure: 'ECONNREFUSED',
  },
};
const forced: Circuit = {
  ...closed,
  state: 'forced-open',
  override: { mode: 'forced-open', by: 'ana', reason: 'migration', atMs: NOW - 1_000, untilMs: NOW + 60_000 },
};

it('an open circuit: why, who saw it, when it probes', () => {
  expect(gist(open)).toBe('7 of 9 failed · ECONNREFUSED');
  expect(why(open)).toBe('Too many calls failed: 7 of 9 calls, the last with ECONNREFUSED. Seen by api-7.');
  expect(next(open, NOW)).toBe('Probes in 6 s, with the first call after that.');
  expect(next(open, NOW + 7_000)).toBe('Due to probe: the next call tests the dependency.');
  expect(nextBriefly(open, NOW + 7_000)).toBe('probe due');
});

it('an override: who, why, until when, and what follows', () => {
  expect(gist(forced)).toBe('ana: migration');
  expect(next(forced, NOW)).toBe('Ends by itself in 1 min; then one probe call decides.');
  const { untilMs: _, ...endless } = forced.override as NonNullable<Circuit['override']>;
  expect(next({ ...forced, override: endless }, NOW)).toBe('Nothing ends this but a release by hand.');
});

it('a probe that failed tells with what; what recovers does not blame', () => {
  const probe = {
    ...open.transition,
    from: 'half-open',
    reason: 'probe-failed',
    calls: 0,
    failures: 0,
  } as const;
  expect(why({ ...open, transition: probe as never })).toBe(
    'A probe failed with ECONNREFUSED. Seen by api-7.',
  );
  const back = { ...probe, to: 'closed', reason: 'recovered' };
  expect(why({ ...closed, transition: back as never })).toBe('Enough probes succeeded. Seen by api-7.');
});

it('why a circuit is closed with a share of failures that would trip it: they are isolated', () => {
  const saw = (calls: number, failures: number, slow: number, isolated: number): Circuit => {
    return { ...closed, evidence: { calls, failures, slow, isolated }, failureRatio: failures / calls };
  };
  const strays = saw(40, 12, 0, 11);
  expect(gist(strays)).toBe('12 of 40 failed (30 %), 11 isolated');
  expect(counted(strays)).toBe(
    '12 of 40 calls failed (30 %) in the present window, 11 isolated. Isolated is a process’s first failed call' +
      ' after a good one; the fleet’s ratio is judged without it: 1 of 29 failed (3 %).',
  );
  expect(counted(saw(2, 2, 0, 2))).toMatch(/ without it: none is left\.$/);
  expect(counted(saw(12, 3, 6, 2))).toMatch(
    /^3 of 12 calls .* window, 2 isolated, 6 slow\. .*: 1 of 10 failed \(10 %\)\.$/,
  );
  expect(gist(saw(9, 2, 5, 2))).toBe('2 of 9 failed (22 %), 2 isolated, 5 slow');
  expect([gist(closed), counted(closed)]).toEqual([
    '1 of 200 failed (0.5 %)',
    '1 of 200 calls failed (0.5 %) in the present window.',
  ]);
  expect(gist(saw(9, 0, 0, 0))).toBe('no failures reported');
});

it('a trip by slow calls does not take what failed for what was slow', () => {
  const { lastFailure: _, ...slow } = { ...open.transition, reason: 'slow-calls', failures: 0 };
  const circuit = { ...open, transition: slow as Circuit['transition'] } as Circuit;
  expect(gist(circuit)).toBe('too many calls were slow');
  expect(why(circuit)).toBe('Too many calls were slow; 0 of 9 calls failed. Seen by api-7.');
});

it('a reason that this page does not know yet is shown as it is', () => {
  const later = { ...open, transition: { ...open.transition, reason: 'eclipse' } } as unknown as Circuit;
  expect(why(later)).toMatch(/^Eclipse: 7 of 9/);
});

it('offers what makes sense, and says for each what it will do, in which circuit', () => {
  expect(actsFor(closed)).not.toContain('release');
  expect(actsFor(forced)).toEqual(['forced-closed', 'disabled', 'release', 'reset']);
  for (const act of ACTS) {
    const words = consequences(act, forced, 'at 04:00:00').join(' ');
    expect(words).toContain(act === 'release' || act === 'reset' ? 'payments' : 'It ends at 04:00:00. Then');
  }
  expect(consequences('disabled', closed, undefined).join(' ')).toContain('holds until somebody releases it');
  expect(consequences('disabled', forced, undefined).join(' ')).toContain('takes the place of what ana did');
});

it('counts of calls are no change for who reads a dialog; a state, an epoch and an override are', () => {
  const counted = { ...closed, evidence: { calls: 900, failures: 2, slow: 0, isolated: 0 } };
  expect(fingerprint(counted)).toBe(fingerprint(closed));
  expect(fingerprint({ ...closed, epoch: { number: 4, id: 'd' } })).not.toBe(fingerprint(closed));
  expect(fingerprint(forced)).not.toBe(fingerprint(closed));
});

it('what needs a person comes first; search finds names, operators and errors', () => {
  const all = [{ ...closed, name: 'b' }, { ...closed, name: 'a' }, { ...forced, name: 'z' }, open];
  const names = (search: string) => arrange(all, { search, group: undefined }).map(({ name }) => name);
  expect(names('')).toEqual(['payments', 'z', 'a', 'b']);
  expect(names('ANA')).toEqual(['z']);
  expect(names('econn')).toEqual(['payments']);
  expect(arrange(all, { search: '', group: 'closed' })).toHaveLength(2);
  expect(tally(all)).toEqual({ open: 1, probing: 0, overridden: 1, closed: 2 });
});

it.each([
  [-5, '0 s', '0 s'],
  [59_400, '59 s', '59 s'],
  [59_600, '59 s', '59 s'],
  [252_000, '4 min 12 s', '4 min'],
  [3_600_000, '1 h', '1 h'],
  [187_200_000, '2 d 4 h', '2 d'],
])('%d ms is %s', (ms, long, short) => {
  expect([duration(ms), shortDuration(ms)]).toEqual([long, short]);
});

it('what is to come is rounded up: no probe is due while it says in how long', () => {
  expect([1, 999, 1_000, 59_001].map(remaining)).toEqual(['1 s', '1 s', '1 s', '1 min']);
  expect(next(forced, NOW + 61_000)).toBe('Ends by itself now; then one probe call decides.');
});

it('characters that are not seen are shown: a name turns no words about, and looks like no other', () => {
  expect(shown('pay\u202Ements \u200Bz\u{E0041}')).toBe('pay\\u202ements \\u200bz\\u{e0041}');
  const evil = { ...open, name: 'x\u202E' };
  for (const act of ACTS) expect(consequences(act, evil, undefined).join()).not.toMatch(/\p{Cf}/u);
  expect(why({ ...closed, name: 'x\u2066' })).toBe('x\\u2066 has never left the closed state.');
});

it('what nobody forces any more cannot be released', () => {
  expect(consequences('release', closed, undefined)).toEqual([
    'Nothing is in force any more: it has ended, or somebody has released it.',
  ]);
});

it('little is not nothing', () => {
  expect([0, 0.0004, 0.005, 0.999, 1].map(percent)).toEqual(['0 %', '< 0.1 %', '0.5 %', '100 %', '100 %']);
});
