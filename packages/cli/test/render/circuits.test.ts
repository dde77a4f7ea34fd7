import type { Transition } from 'switchgear';
import { expect, test } from 'vitest';
import type { Circuit } from '../../src/control-api/index.ts';
import { circuitsTable } from '../../src/render/circuits.ts';
import { columns } from '../../src/render/columns.ts';
import { historyTable } from '../../src/render/history.ts';
import { printable } from '../../src/render/printable.ts';
import { styleFor } from '../../src/render/style.ts';
import { moment, span, wait } from '../../src/render/time.ts';

const NOW = Date.UTC(2026, 9, 21, 6, 30, 12, 345);
const plain = styleFor({ isTTY: false }, {});
const coloured = styleFor({ isTTY: true }, {});

const CLOSED: Circuit = {
  name: 'ledger',
  state: 'closed',
  sinceMs: 0,
  retryAfterMs: 0,
  evidence: { calls: 0, failures: 0, slow: 0, isolated: 0 },
  failureRatio: 0,
  versions: { override: 0, policy: 0 },
  epoch: { number: 0, id: 'root' },
  leases: [],
};

const TRIP: Transition = {
  from: 'closed',
  to: 'open',
  atMs: NOW - 4_200,
  reason: 'failures',
  by: 'pod-1',
  calls: 5,
  failures: 3,
  lastFailure: 'HTTP 503',
};

const OPEN: Circuit = {
  ...CLOSED,
  name: 'payments',
  state: 'open',
  sinceMs: NOW - 4_200,
  retryAfterMs: 5_800,
  openUntilMs: NOW + 5_800,
  evidence: { calls: 8, failures: 2, slow: 0, isolated: 0 },
  failureRatio: 0.25,
  transition: TRIP,
};

const table = (circuits: Circuit[], width?: number) =>
  circuitsTable({ nowMs: NOW, circuits, unreadable: [] }, plain, width);

test('the past of a circuit in one table: transitions, overrides, releases, settings', () => {
  const by = { by: 'ann', reason: 'drill' };
  const text = historyTable(
    [{ ...TRIP, epoch: { number: 7, id: 'e' } }],
    [
      { kind: 'policy', version: 2, values: {}, ...by, atMs: NOW },
      { kind: 'override', version: 2, mode: 'forced-open', ...by, atMs: NOW - 1_000, untilMs: NOW - 1_000 },
      { kind: 'override', version: 1, mode: 'forced-open', ...by, atMs: NOW - 5_000, untilMs: NOW },
      { kind: 'policy', version: 1, values: { quorum: 2 }, ...by, atMs: NOW - 6_000 },
    ],
    4,
    plain,
  );
  expect(text).toBe(`WHEN                  EPOCH  WHAT                                    WHY
2026-10-21 06:30:12Z  –      no settings                             drill (ann)
2026-10-21 06:30:11Z  –      released from forced-open               drill (ann)
2026-10-21 06:30:08Z  7      closed → open                           failures, 3 of 5 calls failed, last HTTP 503 (pod-1)
2026-10-21 06:30:07Z  –      forced-open until 2026-10-21 06:30:12Z  drill (ann)
`);
});

test('a circuit that was released says what it ended into, and why', () => {
  const ended = { mode: 'forced-open', by: 'ann', reason: 'back', atMs: NOW, untilMs: NOW } as const;
  expect(table([{ ...CLOSED, state: 'half-open', ended, transition: TRIP }])).toMatch(
    /ledger +half-open .* probes with the next call +after forced-open: back \(ann\)\n/,
  );
});

test('what an operator needs at three in the morning, in a line per circuit', () => {
  const forced: Circuit = {
    ...OPEN,
    name: 'mail',
    state: 'forced-open',
    sinceMs: NOW - 120_000,
    override: {
      mode: 'forced-open',
      by: 'ann',
      reason: 'provider down',
      atMs: NOW - 120_000,
      untilMs: NOW + 780_000,
    },
  };
  const probing: Circuit = {
    ...OPEN,
    name: 'search',
    state: 'half-open',
    leases: [{ by: 'pod-9', untilMs: NOW + 1_000 }],
    policy: { version: 1, values: { quorum: 2 }, by: 'ann', reason: 'x', atMs: NOW },
  };
  expect(table([CLOSED, OPEN, forced, probing])).toBe(
    [
      'CIRCUIT   STATE        FOR    FAILED    NEXT             WHY',
      'ledger    closed       –      –         –                –',
      'payments  open         4 s    2/8 25 %  probes in 6 s    failures, 3 of 5 calls failed, last HTTP 503 (pod-1)',
      'mail      forced-open  2 min  2/8 25 %  ends in 13 min   provider down (ann)',
      'search    half-open    4 s    2/8 25 %  probed by pod-9  failures, 3 of 5 calls failed, last HTTP 503 (pod-1); has a stored policy',
      '',
    ].join('\n'),
  );
});

test('beside what failed: what was slow, and what is isolated and so not judged', () => {
  const counted = (slow: number, isolated: number) =>
    table([{ ...CLOSED, evidence: { calls: 40, failures: 12, slow, isolated }, failureRatio: 0.3 }]).split(
      '\n',
    )[1];
  expect(counted(0, 11)).toMatch(/^ledger {3}closed {2}– {4}12\/40 30 %, 11 isolated {2}– /);
  expect(counted(3, 2)).toContain(' 12/40 30 %, 2 isolated, 3 slow  ');
  expect(counted(3, 0)).toContain(' 12/40 30 %, 3 slow  ');
});

test('an open circuit whose time is over, and an override without end, say what they wait for', () => {
  expect(table([{ ...OPEN, retryAfterMs: 0, openUntilMs: NOW - 1 }])).toContain('probes with the next call');
  expect(
    table([{ ...OPEN, state: 'disabled', override: { mode: 'disabled', by: 'a', reason: 'b', atMs: NOW } }]),
  ).toContain('until released');
});

test('a record that cannot be read has its line too', () => {
  const text = circuitsTable(
    { nowMs: NOW, circuits: [], unreadable: [{ name: 'odd', problem: 'schema 9' }] },
    plain,
  );
  expect(text).toMatch(/^odd {6}unreadable .* schema 9$/m);
});

test('a narrow terminal cuts the last column alone', () => {
  for (const line of table([OPEN], 70).trimEnd().split('\n')) expect(line.length).toBeLessThanOrEqual(70);
  expect(table([OPEN], 70)).toContain('payments  open   4 s  2/8 25 %  probes in 6 s  failures');
  expect(table([OPEN], 70)).toContain('…');
});

test('no text of the store moves the cursor or hides what stands there', () => {
  const evil = '\u001b[2J<img onerror>\r\n\u202e\u0007';
  const name = table([{ ...OPEN, name: evil, transition: { ...TRIP, by: evil } }]);
  expect(name).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
  expect(name.trimEnd().split('\n')).toHaveLength(2);
  expect(name).toContain('\\u001b[2J<img onerror>\\u000d\\u000a\\u202e\\u0007');
  expect(printable('ünï 日本 🚀')).toBe('ünï 日本 🚀');
});

test('colours on a terminal alone, and not where NO_COLOR is set', () => {
  expect(plain.state('open')).toBe('open');
  expect(coloured.state('open')).toBe('\u001b[31mopen\u001b[39m');
  expect(styleFor({ isTTY: true }, { NO_COLOR: '1' }).state('open')).toBe('open');
  expect(styleFor({ isTTY: true }, { NO_COLOR: '' }).state('open')).not.toBe('open');
});

test('colours take no part in the width of a column', () => {
  const text = columns([
    [{ text: 'open', paint: coloured.bold }, { text: 'x' }],
    [{ text: 'closed' }, { text: 'y' }],
  ]);
  expect(text).toBe('\u001b[1mopen\u001b[22m    x\nclosed  y\n');
});

test('times', () => {
  expect([0, -5, 59_999, 60_000, 3_599_000, 3_600_000, 172_799_000, 172_800_000].map(span)).toEqual([
    '0 s',
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '1 h',
    '47 h',
    '2 d',
  ]);
  expect(
    [-5, 1, 1_000, 1_001, 59_001, 60_000, 899_990, 3_599_000, 7_199_990, 172_799_000, 2_591_999_990].map(
      wait,
    ),
  ).toEqual(['0 s', '1 s', '1 s', '2 s', '1 min', '1 min', '15 min', '1 h', '2 h', '2 d', '30 d']);
  expect(moment(NOW)).toBe('2026-10-21 06:30:12Z');
});
