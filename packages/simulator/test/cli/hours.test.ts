import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scenarioOf } from '@switchgear/simulator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { observed } from '../../cli/acceptance-runs.ts';
import { runHours, TASKS, type Task, talliesIn } from '../../cli/hours.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchgear-'));
  file = join(folder, 'hours.json');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Fails in its second minute, for good. */
const shape = { processes: 2, rps: 2, outageMs: 86_400_000, recoveryMs: 0, timeoutMs: 2_000 } as const;
const DEAD: Task = {
  what: 'a fleet whose dependency dies',
  hours: 4,
  scenario: scenarioOf({ ...shape, trouble: 'outage' }).scenario,
  policy: { maxConcurrent: false, failureRatio: 0 },
  cacheTtl: 60_000,
};

test('hours that were interrupted go on where they ended, and find what they find in one go', async () => {
  const lines: string[] = [];
  const interrupt = (line: string) => {
    lines.push(line);
    if (lines.length === 2) process.emit('SIGINT');
  };
  const cut = await runHours(file, interrupt, { dead: DEAD });
  expect(cut.dead?.hours).toBe(2);
  expect(talliesIn(file)).toEqual(cut);
  const whole = await runHours(file, (line) => lines.push(line), { dead: DEAD });
  expect(lines.map((line) => line.split(',')[0])).toEqual(
    [1, 2, 3, 4].map((hour) => `dead: hour ${hour} of 4`),
  );
  expect(await runHours(join(folder, 'other.json'), () => {}, { dead: DEAD })).toEqual(whole);
  // A fleet that does open is seen to.
  expect(whole.dead?.transitions).toBeGreaterThan(4);
  expect(process.listenerCount('SIGINT')).toBe(0);
});

test('hours of something else are begun anew, and leave those of others alone', async () => {
  await runHours(file, () => {}, { dead: { ...DEAD, hours: 1 }, other: { ...DEAD, hours: 1 } });
  const changed = { ...DEAD, what: 'another fleet', hours: 1 };
  const lines: string[] = [];
  const { dead, other } = await runHours(file, (line) => lines.push(line), { dead: changed });
  expect(lines).toHaveLength(1);
  expect(dead?.what).toBe('another fleet');
  expect(other?.what).toBe(DEAD.what);
});

const number = (n: number) => n.toLocaleString('en').replace(',', ' ');

test('what is run for hours is what its words say', () => {
  for (const { what, scenario, policy } of Object.values(TASKS)) {
    const { fleet, rate } = scenario;
    expect(what).toContain(`${number('processes' in fleet ? fleet.processes : 0)} processes`);
    expect(what).toContain(`${number(rate.peak)} calls/s`);
    expect(what).toContain(policy.quorum ? `quorum ${policy.quorum}` : 'default policy');
  }
});

// Seeds in which three of the fleet's first processes have a stray error before they have made many calls.
test('stray errors open no fleet that has only just begun', async () => {
  for (const [name, seed] of [
    ['stray errors', 4],
    ['stray errors, many processes', 1],
    ['sick process', 308],
  ] as const) {
    const { scenario, policy, cacheTtl } = TASKS[name] as Task;
    expect((await observed(scenario, 60_000, { seed, policy, gear: { cacheTtl } })).changes).toEqual([]);
  }
});
