import { expect, test } from 'vitest';
import { FakeClock } from '../../src/testing/index.ts';

test('stands still until it is moved', async () => {
  const clock = new FakeClock(1_000);
  expect(clock.now()).toBe(1_000);
  await clock.advance(500);
  expect(clock.now()).toBe(1_500);
});

test('runs due timers in order, each at its own time, equal ones as they were set', async () => {
  const clock = new FakeClock(0);
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name}@${clock.now()}`);
  clock.setTimer(note('late'), 30);
  clock.setTimer(note('first'), 10);
  clock.setTimer(note('second'), 10);
  clock.setTimer(note('never'), 31);
  await clock.advance(30);
  expect(ran).toEqual(['first@10', 'second@10', 'late@30']);
  expect(clock.pending).toBe(1);
});

test('lets promises settle between timers, so that a timer set by one still runs in the same advance', async () => {
  const clock = new FakeClock(0);
  const ran: number[] = [];
  const tick = async () => {
    ran.push(clock.now());
    await Promise.resolve();
    await Promise.resolve();
    if (ran.length < 3) clock.setTimer(tick, 10);
  };
  clock.setTimer(tick, 10);
  await clock.advance(100);
  expect(ran).toEqual([10, 20, 30]);
  expect(clock.now()).toBe(100);
});

test('runs no cancelled timer, also where another one cancels it at the same time', async () => {
  const clock = new FakeClock(0);
  const ran: string[] = [];
  const second = { timer: { cancel() {} } };
  clock.setTimer(() => {
    ran.push('first');
    second.timer.cancel();
  }, 10);
  second.timer = clock.setTimer(() => ran.push('second'), 10);
  await clock.advance(20);
  expect(ran).toEqual(['first']);
  expect(clock.pending).toBe(0);
});

test('L13 jumps like a frozen process: time has passed, and overdue timers run with the next advance', async () => {
  const clock = new FakeClock(0);
  const ran: number[] = [];
  clock.setTimer(() => ran.push(clock.now()), 10);
  clock.jump(60_000);
  expect([clock.now(), ran]).toEqual([60_000, []]);
  await clock.advance(0);
  expect(ran).toEqual([60_000]);
});
