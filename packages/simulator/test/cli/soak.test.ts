import { afterEach, expect, test, vi } from 'vitest';
import { runSoak, type Trial } from '../../cli/soak.ts';
import { trialOf } from '../laws/mutated.ts';
import { MUTATIONS } from '../laws/mutations.ts';

/** Seeds in turn where the soak draws them: what is told of a broken law is the same each time. */
const seeds = vi.hoisted(() => ({ next: 1 }));
vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof import('node:crypto')>()),
  randomInt: () => seeds.next++,
}));

afterEach(() => {
  seeds.next = 1;
  vi.restoreAllMocks();
});

async function soaked(args: readonly string[], trial?: Trial): Promise<{ code: number; out: string }> {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const code = await runSoak(args, 'npm run soak --', trial);
  const text = out.mock.calls.map(([chunk]) => String(chunk)).join('');
  vi.restoreAllMocks();
  return { code, out: text };
}

test('a good library: seeds are counted, and no law is broken', async () => {
  const { code, out } = await soaked(['--for=1s']);
  expect(code).toBe(0);
  expect(out).toMatch(/^\d+ seeds in \d+ s: \d+ calls, \d+ changes of state\nno law was broken\n$/);
});

test('a bug in the library: its seed, a smaller scenario that shows it too, event by event, and the command that repeats it', async () => {
  const mutation = MUTATIONS.find(({ name }) => name === 'a late failure moves the deadline');
  if (!mutation) throw new Error('the deliberate bug is gone');
  const trial = await trialOf(mutation);
  const { code, out } = await soaked(['--for=60s'], trial);
  expect(code).toBe(1);
  const [, seed] = /npm run soak -- --seed (\d+)\n$/.exec(out) ?? [];
  const { plan } = await trial(Number(seed));
  const [, fleet, rps] =
    /smallest scenario found:\nseed \d+: (Lambda instances|\d+ process(?:es)?) on \w+, (\d+) calls/.exec(
      out,
    ) ?? [];
  if (fleet === 'Lambda instances') expect(plan.processes).toBe('lambda');
  else
    expect(Number.parseInt(String(fleet), 10)).toBeLessThanOrEqual(
      plan.processes === 'lambda' ? 2 : plan.processes,
    );
  expect(Number(rps)).toBeLessThanOrEqual(plan.rps);
  expect(out).toMatch(/WROTE report in .* ⇒ open/);
  expect(out).toMatch(/L5 is broken at [\d.]+ s: p\d+ report changed/);
  // The seed alone repeats it, and ends the same way.
  const again = await soaked(['--seed', String(seed)], trial);
  expect(again.code).toBe(1);
  expect(again.out.split('smallest scenario found').at(-1)).toBe(out.split('smallest scenario found').at(-1));
}, 120_000);

test('nonsense is told at once', async () => {
  expect((await soaked(['--for=never', '--seed=x'])).code).toBe(2);
});
