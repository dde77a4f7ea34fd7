import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { Deadline, Deadlines, Lane } from '../../src/guard/deadline.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { run } from '../program.ts';

class Call extends Deadline {
  readonly name: string;
  readonly #over: (call: Call) => void;

  constructor(name: string, over: (call: Call) => void) {
    super();
    this.name = name;
    this.#over = over;
  }

  override expire(): void {
    this.#over(this);
  }
}

function setUp() {
  const fake = new FakeClock();
  const log: string[] = [];
  let timers = 0;
  let skewMs = 0;
  const clock: Clock = {
    now: () => fake.now() + skewMs,
    setTimer(run, ms) {
      timers++;
      return fake.setTimer(run, ms);
    },
  };
  const startedAtMs = fake.now();
  return {
    fake,
    clock,
    log,
    deadlines: new Deadlines(clock),
    call: (name: string) => new Call(name, () => log.push(`${name}@${fake.now() - startedAtMs}`)),
    /** Sets the clock, which timers do not notice. */
    setClock: (ms: number) => {
      skewMs += ms;
    },
    timers: () => timers,
  };
}

describe('deadlines', () => {
  it('expire in order, each at its own time', async () => {
    const { fake, clock, log, deadlines, call } = setUp();
    const lane = deadlines.lane(2_000);
    for (const name of ['a', 'b', 'c']) {
      lane.start(call(name), clock.now());
      await fake.advance(150);
    }
    await fake.advance(10_000);
    expect(log).toEqual(['a@2000', 'b@2150', 'c@2300']);
    expect(fake.pending).toBe(0);
  });

  it('that were cleared never expire, and clearing again does no harm', async () => {
    const { fake, clock, log, deadlines, call } = setUp();
    const lane = deadlines.lane(1_000);
    const [a, b, c] = [call('a'), call('b'), call('c')];
    for (const each of [a, b, c]) lane.start(each, clock.now());
    lane.clear(b);
    lane.clear(c);
    lane.clear(b);
    await fake.advance(5_000);
    lane.clear(a);
    expect(log).toEqual(['a@1000']);
  });

  it('of one length share one timer: 10 000 healthy calls set one', async () => {
    const { fake, clock, log, deadlines, call, timers } = setUp();
    for (let i = 0; i < 10_000; i++) {
      const each = call(`${i}`);
      deadlines.lane(60_000).start(each, clock.now());
      deadlines.lane(60_000).clear(each);
    }
    expect(timers()).toBe(1);
    await fake.advance(120_000);
    expect([log.length, timers(), fake.pending]).toEqual([0, 1, 0]);
  });

  it('that follow a cleared head end on time, not with the timer of that head', async () => {
    const { fake, clock, log, deadlines, call } = setUp();
    const lane = deadlines.lane(1_000);
    const first = call('first');
    lane.start(first, clock.now());
    lane.clear(first);
    await fake.advance(700);
    lane.start(call('second'), clock.now());
    await fake.advance(5_000);
    expect(log).toEqual(['second@1700']);
  });

  it('may be started while one expires', async () => {
    const { fake, clock, log, deadlines, call, timers } = setUp();
    const lane = deadlines.lane(1_000);
    lane.start(new Call('a', () => lane.start(call('again'), clock.now())), clock.now());
    await fake.advance(5_000);
    expect(log).toEqual(['again@2000']);
    expect([timers(), fake.pending]).toEqual([2, 0]);
  });

  it("L13 the time of a freeze is no call's fault: each has the rest of its own after the thaw", async () => {
    const { fake, clock, log, deadlines, call } = setUp();
    const lane = deadlines.lane(1_000);
    lane.start(call('frozen'), clock.now());
    await fake.advance(400);
    fake.jump(600_000);
    lane.start(call('fresh'), clock.now());
    lane.sweep();
    expect(log).toEqual([]);
    await fake.advance(5_000);
    // The timer was to look 600 ms after the freeze began: that much of it cannot be told from a slow call.
    expect(log).toEqual(['frozen@600400', 'fresh@601400']);
  });

  it('L12 a clock that is set forward ends no call before its time', async () => {
    const { fake, clock, log, deadlines, call, setClock } = setUp();
    const lane = deadlines.lane(2_000);
    lane.start(call('a'), clock.now());
    await fake.advance(500);
    setClock(3_600_000);
    await fake.advance(1_000);
    expect(log).toEqual([]);
    await fake.advance(1_000);
    expect(log).toEqual(['a@2000']);
  });

  it('L12 survive a clock that is set back an hour: none waits longer than its length and a second', async () => {
    const { fake, clock, log, deadlines, call, setClock } = setUp();
    const lane = deadlines.lane(2_000);
    lane.start(call('before'), clock.now());
    await fake.advance(100);
    lane.start(call('before too'), clock.now());
    setClock(-3_600_000);
    await fake.advance(100);
    lane.start(call('after'), clock.now());
    await fake.advance(20_000);
    expect(log).toEqual(['before@3000', 'before too@3000', 'after@3000']);
  });

  it('look again within a second, so that an idle lane does not keep the process alive for longer', async () => {
    const { fake, clock, deadlines, call } = setUp();
    const lane = deadlines.lane(3_600_000);
    const one = call('a');
    lane.start(one, clock.now());
    lane.clear(one);
    expect(fake.pending).toBe(1);
    await fake.advance(1_000);
    expect(fake.pending).toBe(0);
  });

  it.each([
    ['none is pending', 'lane(3_600_000)', 'lane.clear(call);', ''],
    ['somebody waits', 'lane(50)', '', 'expired'],
    ['nobody waits', 'lane(3_600_000, true)', '', ''],
  ])('in a real process, %s', (_, lane, then, output) => {
    const program = `
      import { Deadline, Deadlines } from './guard/deadline.ts';
      import { systemClock } from './clock.ts';
      class Call extends Deadline { expire() { process.stdout.write('expired'); } }
      const lane = new Deadlines(systemClock).${lane};
      const call = new Call();
      lane.start(call, Date.now());
      ${then}`;
    expect(run(program)).toEqual({ stdout: output, stderr: '', status: 0 });
  });

  it('of different lengths have lanes of their own', () => {
    const { deadlines } = setUp();
    expect(deadlines.lane(5)).toBe(deadlines.lane(5));
    expect(deadlines.lane(5)).not.toBe(deadlines.lane(6));
    expect(deadlines.lane(5)).not.toBe(deadlines.lane(5, true));
    expect(deadlines.lane(5)).toBeInstanceOf(Lane);
  });
});
