/**
 * One process of a fleet under test, running the built package. It obeys the test over IPC and dies with it.
 *
 *     node child.mjs <index> <skewMs>       skewMs: what its clock shows more than the machine's
 */

import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

process.on('disconnect', () => process.exit());

const [index, skewMs] = process.argv.slice(2).map(Number);
if (skewMs !== 0) {
  const machine = Date.now;
  Date.now = () => machine() + skewMs;
}
// Not before the clock is wrong: the library takes hold of it when it loads.
const { isSwitchgearError, Switchgear } = await import('switchgear');
const { DynamoDBStore } = await import('switchgear/dynamodb');
const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');

const CALL_EVERY_MS = 40;
const TICK_MS = 5;
/** For which the store's own client waits for an answer. */
const CLIENT_TIMEOUT_MS = 2_000;
const agent = new Agent({ keepAlive: true });

/** Notes what became of each write. */
class NotingStore extends DynamoDBStore {
  writes = [];

  report(base, evidence) {
    const failures = Object.values(evidence).reduce((sum, bucket) => sum + bucket.failures, 0);
    return this.#note({ verb: 'report', failures }, super.report(base, evidence));
  }

  transition(base, next) {
    return this.#note({ verb: 'transition' }, super.transition(base, next));
  }

  lease(base, slot, lease) {
    return this.#note({ verb: 'lease' }, super.lease(base, slot, lease));
  }

  settle(base, probe) {
    return this.#note({ verb: 'settle' }, super.settle(base, probe));
  }

  #note(write, answer) {
    const noted = { ...write, answer: 'pending' };
    this.writes.push(noted);
    answer.then(
      ({ accepted }) => {
        noted.answer = accepted ? 'accepted' : 'refused';
      },
      () => {
        noted.answer = 'none';
      },
    );
    return answer;
  }
}

/** What the present test has set up in this process. */
let present;

class Present {
  client;
  changes = [];
  storeErrors = [];
  calls = { ok: 0, failed: 0, rejected: 0, wrong: [], overBudgetMs: 0, longestRoundMs: 0 };
  calling = Promise.resolve();
  busy = false;

  constructor({ circuit, store, gear, breaker, dependency }) {
    // Where the gear is to wait longer, the client must not give up before it: as it comes, the SDK's has no limit.
    const { region, endpoint } = store;
    if (gear.storeTimeout > CLIENT_TIMEOUT_MS) this.client = new DynamoDBClient({ region, endpoint });
    this.store = new NotingStore({ ...store, ...(this.client && { client: this.client }) });
    this.gear = new Switchgear({ store: this.store, processId: `process-${index}`, ...gear });
    this.gear.onStateChange((change) => this.changes.push(change));
    this.gear.onStoreError(({ message }) => this.storeErrors.push(message));
    this.breaker = this.gear.breaker(circuit, breaker);
    this.budgetMs = gear.storeTimeout;
    this.dependency = dependency;
  }

  /** One guarded call of the dependency, and how it ended for its caller. */
  async call() {
    // Time as this process has had it: while the machine runs others, it ticks no more than once.
    let ownMs = 0;
    const ticking = setInterval(() => {
      ownMs += TICK_MS;
    }, TICK_MS);
    let insideMs = 0;
    // A timer of our own says how long the budget takes in this process under the machine's present load.
    let budgetEndedMs = Number.POSITIVE_INFINITY;
    const budget = setTimeout(() => {
      budgetEndedMs = ownMs;
    }, this.budgetMs);
    const outcome = await this.breaker
      .execute(async ({ signal }) => {
        const startMs = ownMs;
        try {
          return await this.#request(signal);
        } finally {
          insideMs = ownMs - startMs;
        }
      })
      .then(() => ({ how: 'ok' }), outcomeOf);
    clearTimeout(budget);
    clearInterval(ticking);
    const overMs = ownMs - budgetEndedMs - insideMs;
    this.calls.overBudgetMs = Math.max(this.calls.overBudgetMs, overMs);
    if (outcome.how === 'wrong') this.calls.wrong.push(outcome.message);
    else this.calls[outcome.how]++;
    return outcome;
  }

  // Not `fetch`: to load it costs each process as much as the rest of its first call.
  async #request(signal) {
    const request = get(this.dependency, { signal, agent, headers: { 'x-process': String(index) } });
    const [response] = await once(request, 'response');
    await response.toArray();
    const status = response.statusCode;
    if (status !== 200) throw Object.assign(new Error(`the dependency answers ${status}`), { status });
  }

  /** Calls over and over until told to rest. */
  async keepCalling() {
    while (this.busy) {
      const startMs = performance.now();
      await this.call();
      await sleep(CALL_EVERY_MS);
      this.calls.longestRoundMs = Math.max(this.calls.longestRoundMs, performance.now() - startMs);
    }
  }

  look() {
    const { state, epoch } = this.breaker.state;
    const clockErrorMs = this.store.now() + skewMs - Date.now();
    return {
      state,
      epoch,
      clockErrorMs,
      changes: this.changes,
      writes: this.store.writes,
      storeErrors: this.storeErrors,
      calls: this.calls,
    };
  }
}

function outcomeOf(error) {
  if (isSwitchgearError(error, 'CIRCUIT_OPEN')) return { how: 'rejected' };
  if (error.status === 503) return { how: 'failed' };
  return { how: 'wrong', message: String(error.stack ?? error) };
}

const COMMANDS = {
  open(settings) {
    present = new Present(settings);
  },
  async warm() {
    do await present.gear.warm();
    while (present.store.now() === undefined);
    return present.look();
  },
  call: () => present.call(),
  startCalling() {
    present.busy = true;
    present.calling = present.keepCalling();
  },
  async stopCalling() {
    present.busy = false;
    await present.calling;
  },
  look: () => present.look(),
  /** Longer than the library itself would wait: an answer after its budget counts too. */
  async settle() {
    await present.gear.flush();
    while (present.store.writes.some(({ answer }) => answer === 'pending')) await sleep(5);
    return present.look();
  },
  async close() {
    await COMMANDS.stopCalling();
    await present.gear.close();
    present.client?.destroy();
    return present.look();
  },
};

process.on('message', ({ id, command, argument }) => {
  Promise.resolve()
    .then(() => COMMANDS[command](argument))
    .then(
      (value) => process.send({ id, value }),
      (error) => process.send({ id, error: String(error.stack ?? error) }),
    );
});
process.send({ id: 0 });
