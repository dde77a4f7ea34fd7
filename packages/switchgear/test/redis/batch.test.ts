/** What operators' acts on many circuits cost on Redis: decision 15 has these numbers. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { Operator, type StateRequest } from '../../src/operate/index.ts';
import { RedisStore } from '../../src/store/redis/index.ts';
import { CLIENTS, newPrefix, type Servers, standalone } from './servers.ts';

const CIRCUITS = 250;
const NAMES = Array.from({ length: CIRCUITS }, (_, i) => `circuit-${i}`);
const reason = 'drill';

let servers: Servers;
beforeAll(async () => {
  servers = await standalone();
});
afterAll(() => servers.stop());

/**
 * A client of a real server that sends all commands of one task together and hands out their answers together. Each such time is one
 * round trip, however many commands share it.
 */
class Rounds {
  readonly client;
  /** For each round trip, how many commands of which name. */
  #rounds: Record<string, number>[] = [];
  #waiting: { name: string; run: () => Promise<unknown>; resolve(answer: Promise<unknown>): void }[] = [];

  constructor(port: number) {
    this.client = CLIENTS['ioredis 6'](port);
    const duplicate = this.client.duplicate.bind(this.client);
    this.client.duplicate = (options) => {
      const own = duplicate(options);
      const call = own.call.bind(own) as (name: string, ...args: string[]) => Promise<unknown>;
      return Object.assign(own, {
        call: (name: string, ...args: string[]) => this.#join(name, () => call(name, ...args)),
      });
    };
  }

  #join(name: string, run: () => Promise<unknown>): Promise<unknown> {
    if (this.#waiting.length === 0) setImmediate(() => void this.#travel());
    return new Promise((resolve) => this.#waiting.push({ name, run, resolve }));
  }

  async #travel(): Promise<void> {
    const travelling = this.#waiting.splice(0);
    const round: Record<string, number> = {};
    for (const { name } of travelling) round[name] = (round[name] ?? 0) + 1;
    this.#rounds.push(round);
    const answers = travelling.map(({ run }) => run());
    await Promise.allSettled(answers);
    for (const [at, { resolve }] of travelling.entries()) resolve(answers[at] as Promise<unknown>);
  }

  /** The round trips of `act`. */
  async of(act: () => Promise<unknown>): Promise<Record<string, number>[]> {
    this.#rounds = [];
    await act();
    return this.#rounds;
  }
}

it('as many round trips for 250 circuits as for one', async () => {
  const rounds = new Rounds(servers.ports[0]);
  const store = new RedisStore({ client: rounds.client, prefix: newPrefix(), push: false });
  const operator = new Operator({ store, by: 'ana' });
  const set = (names: readonly string[], request: StateRequest) => () =>
    operator.setStates(Object.fromEntries(names.map((name) => [name, request])));
  const scripts = { EVALSHA: CIRCUITS };
  // The server learns the scripts.
  await set(['another'], { mode: 'forced-open', reason })();
  await operator.clearStates(['another'], { reason });

  expect(await rounds.of(() => operator.getStates(NAMES))).toEqual([scripts]);
  // New circuits are entered into the directory first.
  const first = await rounds.of(set(NAMES, { mode: 'forced-open', reason }));
  expect(first).toEqual([scripts, { SADD: CIRCUITS }, scripts]);
  // The script files the act before.
  const next = await rounds.of(set(NAMES, { mode: 'forced-closed', reason }));
  expect(next).toEqual([scripts, scripts]);
  // And so it does with what is in force, and with the transition.
  const cleared = await rounds.of(() => operator.clearStates(NAMES, { reason }));
  expect(cleared).toEqual([scripts, scripts]);
  const again = await rounds.of(() => operator.clearStates(NAMES, { reason }));
  expect(again).toEqual([scripts, scripts]);
  // Nothing is in force.
  const nothing = await rounds.of(set(NAMES, { mode: 'release', reason }));
  expect(nothing).toEqual([scripts]);
  const states = await operator.getStates(NAMES);
  expect(new Set(Object.values(states).map(({ state }) => state))).toEqual(new Set(['closed']));
  expect(await store.acts('circuit-0')).toHaveLength(2);

  const one = await rounds.of(() => operator.clearStates(NAMES.slice(0, 1), { reason }));
  expect(one).toEqual([{ EVALSHA: 1 }, { EVALSHA: 1 }]);
  await store.close();
});
