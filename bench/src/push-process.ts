/** One of the processes of `push.ts`: calls at a steady rate, fails on command, says when it knew. */

import { subscribe } from 'node:diagnostics_channel';
import { CircuitOpenError, Switchgear } from 'switchgear';
import { createStore } from 'switchgear/config';

export interface Setup {
  /** Address of the store. */
  readonly store: string;
  readonly cacheTtlMs: number;
  /** Time between two calls. */
  readonly everyMs: number;
}

export type ToProcess =
  /** Call this circuit from now on. */
  | { readonly kind: 'circuit'; readonly name: string }
  /** Let a call fail. It meets the policy alone. */
  | { readonly kind: 'fail' }
  /** Let calls fail, one after the other, without meeting the policy. */
  | { readonly kind: 'fail-often'; readonly calls: number }
  | { readonly kind: 'count'; readonly sinceMs: number };

export type FromProcess =
  | { readonly kind: 'ready' }
  /** A transition of this process won. */
  | { readonly kind: 'tripped'; readonly sentMs: number; readonly answeredMs: number }
  /** A call was rejected, the first one. */
  | { readonly kind: 'rejecting'; readonly atMs: number }
  /** From the call's failure until this process rejects. */
  | { readonly kind: 'failed'; readonly tookMs: number }
  /** HTTP requests that were sent meanwhile. */
  | { readonly kind: 'failed-often'; readonly requests: number }
  /** Calls that went out since the time that was asked for. */
  | { readonly kind: 'counted'; readonly calls: number };

/** Milliseconds of a clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const QUIET_MS = 200;

const { store: address, cacheTtlMs, everyMs } = JSON.parse(process.argv[2] ?? '') as Setup;
const say = (message: FromProcess) => process.send?.(message);

const store = await createStore(address);
const transition = store.transition.bind(store);
store.transition = async (base, next) => {
  const sentMs = now();
  const answer = await transition(base, next);
  if (answer.accepted) say({ kind: 'tripped', sentMs, answeredMs: now() });
  return answer;
};

const gear = new Switchgear({
  store,
  cacheTtl: cacheTtlMs,
  // A machine that is busy otherwise must not make a process trip for itself alone.
  storeTimeout: '10s',
  defaults: { failureThreshold: 1, resetTimeout: '1h', maxResetTimeout: '1h', maxConcurrent: false },
});
let requests = 0;
subscribe('http.client.request.start', () => {
  requests += 1;
});
let circuit = '';
let starts: number[] = [];
const succeed = async () => {
  starts.push(now());
};
const fail = async () => {
  starts.push(now());
  throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
};

/** Whether a call is rejected. One that is not goes out like any other. */
async function rejects(): Promise<boolean> {
  return gear
    .breaker(circuit)
    .execute(succeed)
    .then(
      () => false,
      (error) => error instanceof CircuitOpenError,
    );
}

/** Resolves with the time of the first call that was rejected after this. */
function rejecting(): Promise<number> {
  return new Promise((resolve) => {
    const off = gear.onStateChange(async () => {
      if (!(await rejects())) return;
      off();
      resolve(now());
    });
  });
}

async function obey(message: ToProcess): Promise<void> {
  if (message.kind === 'circuit') {
    circuit = message.name;
    starts = [];
    gear.breaker(circuit, { failureRatio: 0 });
    await gear.warm([circuit]);
    // Told later: 50 messages at once would hold up the processes that have not heard yet.
    void rejecting().then((atMs) => setTimeout(() => say({ kind: 'rejecting', atMs }), QUIET_MS));
    say({ kind: 'ready' });
  } else if (message.kind === 'fail') {
    const known = rejecting();
    const failedMs = now();
    await gear
      .breaker(circuit)
      .execute(fail)
      .catch(() => {});
    say({ kind: 'failed', tookMs: (await known) - failedMs });
  } else if (message.kind === 'fail-often') {
    const breaker = gear.breaker('often', { failureThreshold: 1e6 });
    const before = requests;
    for (let i = 0; i < message.calls; i++) {
      await breaker.execute(fail).catch(() => {});
      await gear.flush();
    }
    say({ kind: 'failed-often', requests: requests - before });
  } else say({ kind: 'counted', calls: starts.filter((startMs) => startMs >= message.sinceMs).length });
}

process.on('message', (message: ToProcess) => void obey(message));
process.on('disconnect', () => process.exit());
// Not all at the same moment.
setTimeout(() => setInterval(() => void (circuit && rejects()), everyMs), Math.random() * everyMs);
say({ kind: 'ready' });
