/** The figures of the summary, from logs written by hand: what the demo claims must be what was seen. */

import { describe, expect, it } from 'vitest';
import { type Figures, measure, mostAtOnce, type Seen } from '../src/measure.ts';
import type { Note, Outcome } from '../src/note.ts';
import { brokenPromises } from '../src/promises.ts';

const note = (startedAt: number, endedAt: number, outcome: Outcome = 'ok'): Note => ({
  startedAt,
  endedAt,
  outcome,
});

/** Healthy until 1 000, slow until 2 000, 503 until 3 000, dead until 4 000, healthy until 6 000. */
function seen(notes: Partial<Pick<Seen, 'client' | 'payments' | 'ledgers' | 'storeCalls'>>): Seen {
  return {
    strategy: 'shared',
    phases: [
      { name: 'healthy', ledger: 'healthy', fromMs: 0 },
      { name: 'slow', ledger: 'slow', fromMs: 1_000 },
      { name: '503', ledger: '503', fromMs: 2_000 },
      { name: 'dead', ledger: 'dead', fromMs: 3_000 },
      { name: 'recovery', ledger: 'healthy', fromMs: 4_000 },
    ],
    endedAt: 6_000,
    client: [],
    payments: [],
    ledgers: [],
    storeCalls: [],
    ...notes,
  };
}

describe('mostAtOnce', () => {
  it('counts overlapping calls, not calls that follow one another', () => {
    expect(mostAtOnce([])).toBe(0);
    expect(mostAtOnce([note(0, 10), note(10, 20), note(20, 30)])).toBe(1);
    expect(mostAtOnce([note(0, 10), note(9, 20), note(5, 30)])).toBe(3);
  });
});

describe('measure', () => {
  it('counts as hits what the failing ledger received and what nobody could receive', () => {
    const { hits } = measure(
      seen({
        ledgers: [
          { notes: [note(10, 10), note(1_100, 1_100, 'timeout')] },
          { notes: [note(2_100, 2_100, '503')] },
        ],
        payments: [{ notes: [note(1_100, 1_350, 'timeout'), note(3_100, 3_101, 'refused')] }],
      }),
    );
    expect(hits).toBe(3);
  });

  it('calls the fleet protected when its last process rejects, and counts everything after that as a probe', () => {
    const first = [
      note(500, 510),
      note(1_000, 1_250, 'timeout'),
      note(1_260, 1_260, 'rejected'),
      note(2_300, 2_310, '503'),
      note(4_100, 4_110),
      note(4_200, 4_210),
    ];
    const second = [note(500, 510), note(1_300, 1_550, 'timeout'), note(1_600, 1_600, 'rejected')];
    // Began in the middle of the outage and learnt by itself.
    const fresh = [note(2_305, 2_320, '503'), note(3_000, 3_000, 'rejected')];
    const figures = measure(seen({ payments: [first, second, fresh].map((notes) => ({ notes })) }));
    expect(figures.protectedAfterMs).toBe(350);
    expect(figures.probes).toBe(3);
    expect(figures.probesAtOnce).toBe(2);
  });

  it('is never protected while one process has not rejected', () => {
    const calls = [note(500, 510), note(1_000, 1_250, 'timeout')];
    const figures = measure(
      seen({ payments: [{ notes: calls }, { notes: [...calls, note(1_300, 1_300, 'rejected')] }] }),
    );
    expect(figures.protectedAfterMs).toBeNull();
    expect(figures.probes).toBeNull();
  });

  it('a failure of the warm-up is not the first failure of the outage', () => {
    const notes = [note(-200, 50, 'timeout'), note(1_000, 1_250, 'timeout'), note(1_300, 1_300, 'rejected')];
    expect(measure(seen({ payments: [{ notes }] })).protectedAfterMs).toBe(50);
  });

  it('a fleet that rejected already when the outage began was protected from the start', () => {
    const notes = [note(900, 950, 'timeout'), note(1_001, 1_001, 'rejected'), note(1_200, 1_450, 'timeout')];
    expect(measure(seen({ payments: [{ notes }] })).protectedAfterMs).toBe(0);
  });

  it('tells errors of a busy machine from calls that the outage caught under way', () => {
    const client = [note(-50, 60, '503'), note(100, 500, '503'), note(990, 1_390, '503')];
    expect(measure(seen({ client })).errorsBeforeOutage).toBe(1);
  });

  it('has recovered at the last error, if success lasted to the end', () => {
    const errorsUntil = (at: number) =>
      measure(seen({ client: [note(at, at + 5, '503'), note(at + 20, at + 30)] }));
    expect(errorsUntil(4_700).recoveredAfterMs).toBe(700);
    expect(errorsUntil(5_900).recoveredAfterMs).toBeNull();
  });

  it('counts store calls per 1 000 calls of the client, reads and writes apart', () => {
    const figures = measure(
      seen({
        client: [note(10, 20), note(20, 30), note(1_100, 1_200, '503'), note(5_000, 5_010)],
        storeCalls: [
          { at: 15, write: false },
          { at: 1_200, write: true },
        ],
      }),
    );
    expect(figures.storeCallsPer1000).toBe(500);
    expect(figures.storeCallsPer1000WhileHealthy).toBe(500);
    expect(figures.storeWritesWhileHealthy).toBe(0);
    expect(figures.outage).toEqual({ calls: 1, errors: 1, p50Ms: 100, p99Ms: 100 });
  });
});

describe('brokenPromises', () => {
  const kept: Figures = {
    ...measure(seen({})),
    protectedAfterMs: 300,
    probes: 4,
    probesAtOnce: 1,
    recoveredAfterMs: 900,
  };

  it('finds nothing where all were kept', () => {
    expect(brokenPromises(kept, 3_000)).toEqual([]);
  });

  it.each<[string, Partial<Figures>]>([
    ['never protected', { protectedAfterMs: null, probes: null, probesAtOnce: null }],
    ['protected after 9000 ms', { protectedAfterMs: 9_000 }],
    ['5 calls reached the ledger', { probes: 5 }],
    ['not probed', { probes: 0, probesAtOnce: 0 }],
    ['2 at once', { probesAtOnce: 2 }],
    ['not closed again', { recoveredAfterMs: null }],
  ])('says so: %s', (words, figures) => {
    const broken = brokenPromises({ ...kept, ...figures }, 3_000);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain(words);
  });
});
