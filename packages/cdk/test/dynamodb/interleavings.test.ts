/**
 * Two executions on one circuit, in every order in which their calls of the table and the target's answers can come. They share
 * nothing else, so that these are all interleavings of their states too.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StateMachine } from '../../src/workflow/asl.ts';
import type { Execution, Host } from '../asl/interpreter.ts';
import { Bench, fails, type Target, works } from './bench.ts';

let bench: Bench;
let machine: StateMachine;
beforeAll(async () => {
  bench = await Bench.start();
  machine = bench.machine();
});
afterAll(() => bench.close());

/** Runs that explore at the same time. */
const LANES = 8;

interface Outcome {
  readonly circuit: string;
  readonly executions: readonly Execution[];
  /** The most calls that were at the target at the same time. */
  readonly together: number;
  readonly calls: number;
}

/** What an execution waits for until it is its turn: a call of the table, or to leave the target. */
class Turns {
  readonly #waiting: [(() => void)[], (() => void)[]] = [[], []];
  #arrived: () => void = () => {};

  wait(who: 0 | 1): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting[who].push(resolve);
      this.#arrived();
    });
  }

  get ready(): (0 | 1)[] {
    return ([0, 1] as const).filter((who) => this.#waiting[who].length > 0);
  }

  go(who: 0 | 1): void {
    this.#waiting[who].shift()?.();
  }

  /** Settles once each of those that still run waits. */
  async all(running: ReadonlySet<0 | 1>): Promise<void> {
    while ([...running].some((who) => !this.ready.includes(who)))
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
  }

  /** An execution has ended. */
  ended(): void {
    this.#arrived();
  }
}

const evaluated = new Map<string, string>();

/** An execution sees much the same in all orders, but for its circuit's name: each expression is evaluated once on the same. */
function memoOf(circuit: string): NonNullable<Host['memo']> {
  return {
    get: (key) => evaluated.get(key.replaceAll(circuit, NAME))?.replaceAll(NAME, circuit),
    set: (key, value) => evaluated.set(key.replaceAll(circuit, NAME), value.replaceAll(circuit, NAME)),
  } as NonNullable<Host['memo']>;
}
const NAME = 'the circuit';

/** Runs both executions, taking turns as `order` says and then as it comes; gives the turns that were possible. */
async function play(
  prepare: (circuit: string) => Promise<void>,
  targets: readonly [Target, Target],
  order: readonly (0 | 1)[],
  policies: readonly [Settings, Settings],
): Promise<{ outcome: Outcome; choices: (0 | 1)[][] }> {
  const circuit = `ledger-${crypto.randomUUID()}`;
  await prepare(circuit);
  const turns = new Turns();
  const memo = memoOf(circuit);
  const running = new Set<0 | 1>([0, 1]);
  const choices: (0 | 1)[][] = [];
  let inside = 0;
  let together = 0;
  let calls = 0;
  const started = ([0, 1] as const).map(async (who) => {
    const target: Target = async (payload) => {
      calls++;
      together = Math.max(together, ++inside);
      await turns.wait(who);
      inside--;
      return targets[who](payload);
    };
    const execution = await bench.run(machine, { circuit, policy: policies[who] }, target, {
      before: () => turns.wait(who),
      name: `execution-${who}`,
      memo,
    });
    running.delete(who);
    turns.ended();
    return execution;
  });
  for (let turn = 0; ; turn++) {
    await turns.all(running);
    if (running.size === 0) break;
    const ready = turns.ready;
    choices.push(ready);
    turns.go(order[turn] ?? (ready[0] as 0 | 1));
  }
  return { outcome: { circuit, executions: await Promise.all(started), together, calls }, choices };
}

type Settings = Readonly<Record<string, number>>;

interface Scenario {
  readonly prepare: (circuit: string) => Promise<void>;
  readonly targets: readonly [Target, Target];
  /** One for both, or what each goes by. */
  readonly policy?: Settings | readonly [Settings, Settings];
  readonly look: (outcome: Outcome) => Promise<void>;
}

/** Plays all orders, each once, and looks at what came of it. Gives their number. */
async function explore({ prepare, targets, policy = {}, look }: Scenario): Promise<number> {
  const policies = 0 in policy ? (policy as readonly [Settings, Settings]) : ([policy, policy] as const);
  const todo: (0 | 1)[][] = [[]];
  const playing = new Set<Promise<void>>();
  let played = 0;
  const playOne = async (order: readonly (0 | 1)[]) => {
    const { outcome, choices } = await play(prepare, targets, order, policies);
    played++;
    await look(outcome).catch((cause: unknown) => {
      const paths = outcome.executions.map(({ path }) => path.join(' → ')).join('\n');
      throw new Error(`order ${order.join('')}:\n${paths}`, { cause });
    });
    // Wherever this order was left to itself, the other turn. Of two alike it does not matter who begins.
    const alike = targets[0] === targets[1] && policies[0] === policies[1] ? 1 : 0;
    const taken = choices.map((ready, at) => order[at] ?? (ready[0] as 0 | 1));
    for (let turn = Math.max(order.length, alike); turn < choices.length; turn++)
      if (choices[turn]?.length === 2) todo.push([...taken.slice(0, turn), 1]);
  };
  while (todo.length + playing.size > 0) {
    for (let order = todo.pop(); order; order = playing.size < LANES ? todo.pop() : undefined) {
      const one: Promise<void> = playOne(order).finally(() => playing.delete(one));
      playing.add(one);
    }
    await Promise.race(playing);
  }
  return played;
}

const halfOpen = (circuit: string, values: Parameters<Bench['put']>[1] = {}) =>
  bench.put(circuit, {
    ...{
      state: 'half-open',
      slots: 1,
      successesNeeded: 1,
      leaseMs: 31_000,
      successes: 0,
      failures: 0,
      lapses: 0,
    },
    ...values,
  });

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'L2 L7: both fail, threshold 2: one trip, no failure lost or counted twice': {
    prepare: async () => {},
    targets: [fails, fails],
    policy: { failureThreshold: 2 },
    look: async ({ circuit, executions }) => {
      for (const { error } of executions) expect(error).toBe('PaymentDown');
      expect(await bench.history(circuit)).toEqual(['1 closed → open']);
      const { transition, evidence } = await bench.record(circuit);
      expect([transition?.calls, transition?.failures, evidence]).toEqual([2, 2, {}]);
    },
  },
  'L1 L7: two state machines that cut the window otherwise both trip a circuit without a record: one trip': {
    prepare: async () => {},
    targets: [fails, fails],
    policy: [{ failureThreshold: 1 }, { failureThreshold: 1, failureWindow: 10_000 }],
    look: async ({ circuit, executions, calls }) => {
      const errors = executions.map(({ error }) => error).sort();
      expect(errors).toEqual([calls === 2 ? 'PaymentDown' : 'CircuitOpenError', 'PaymentDown']);
      expect(await bench.history(circuit)).toEqual(['1 closed → open']);
      const { transition, evidence, bucketMs } = await bench.record(circuit);
      expect(evidence).toEqual({});
      expect(bucketMs).toBe(transition?.by === 'workflow/execution-0' ? 6_000 : 1_000);
    },
  },
  'L3: the open time is over, the dependency is not well: one probe, one verdict': {
    prepare: (circuit) => bench.put(circuit, { state: 'open', openUntilMs: bench.now() - 1 }),
    targets: [fails, fails],
    look: async ({ circuit, executions, calls }) => {
      expect(executions.map(({ error }) => error).sort()).toEqual(['CircuitOpenError', 'PaymentDown']);
      expect(calls).toBe(1);
      expect(await bench.history(circuit)).toEqual(['8 open → half-open', '9 half-open → open']);
      expect(await bench.record(circuit)).toMatchObject({ attempt: 1 });
    },
  },
  'L3 L4: the open time is over, the dependency is well: probes one after the other, both count': {
    prepare: (circuit) => bench.put(circuit, { state: 'open', openUntilMs: bench.now() - 1 }),
    targets: [works, works],
    policy: { halfOpenSuccessThreshold: 2 },
    look: async ({ circuit, executions, together, calls }) => {
      expect(together).toBe(1);
      expect(executions.filter(({ status }) => status === 'SUCCEEDED')).toHaveLength(calls);
      const record = await bench.record(circuit);
      if (calls === 2) expect(record).toMatchObject({ state: 'closed', epoch: { number: 9 } });
      else expect(record).toMatchObject({ state: 'half-open', successes: 1, leases: [null] });
    },
  },
  'L1 L3: a slot is taken over; one works, one fails': {
    prepare: (circuit) =>
      halfOpen(circuit, { lapses: 1, lease0: { id: 'gone', by: 'x', untilMs: bench.now() - 3_000 } }),
    targets: [works, fails],
    look: async ({ circuit, executions, together }) => {
      expect(together).toBe(1);
      const [good, bad] = executions;
      const record = await bench.record(circuit);
      // Whoever probes decides; the other is rejected, or is called in the closed epoch that the probe began.
      if (good?.status === 'SUCCEEDED') {
        expect(record).toMatchObject({ state: 'closed', epoch: { number: 8 } });
        const failures = Object.values(record.evidence).reduce((sum, counts) => sum + counts.failures, 0);
        expect(failures).toBe(bad?.error === 'PaymentDown' ? 1 : 0);
      } else expect([bad?.error, record.state, record.epoch.number]).toEqual(['PaymentDown', 'open', 8]);
    },
  },
};

test.concurrent.each(Object.entries(SCENARIOS))('%s', async (_, scenario) => {
  // Fewer would mean that the executions did not wait for each other.
  expect(await explore(scenario)).toBeGreaterThan(10);
});
