/** One of the processes of `push.ts`: calls at a steady rate, fails on command, says when it knew. */

import { subscribe } from 'node:diagnostics_channel';
import { Redis } from 'ioredis';
import { CircuitOpenError, Switchgear } from 'switchgear';
import { createStore } from 'switchgear/config';

export interface Setup {
  /** Address of the store. */
  readonly store: string;
  readonly cacheTtlMs: number;
  /** Time between two calls. */
  readonly everyMs: number;
  /** How much later it tells what happened: 50 messages at once would hold up the processes that have not heard yet. */
  readonly quietMs: number;
  /** Also hear bare messages of the server, by the client alone. */
  readonly bare: boolean;
}

export type ToProcess =
  /** Call this circuit from now on. */
  | { readonly kind: 'circuit'; readonly name: string }
  /** Let the first of the two calls fail that meet the policy: from then on the store has a record, as before nearly every trip. */
  | { readonly kind: 'fail-first' }
  /** Let the second one fail. */
  | { readonly kind: 'fail' }
  /** Let calls fail, one after the other, without meeting the policy. */
  | { readonly kind: 'fail-often'; readonly calls: number }
  /** Publish a bare message. */
  | { readonly kind: 'publish' }
  | { readonly kind: 'count'; readonly sinceMs: number };

export type FromProcess =
  | { readonly kind: 'ready' }
  /** A transition of this process won. */
  | { readonly kind: 'tripped'; readonly sentMs: number; readonly answeredMs: number }
  /** Since when no call goes out, and the processor's time that it took to wake up and learn so. */
  | { readonly kind: 'rejecting'; readonly atMs: number; readonly cpuMs: number }
  /** From the call's failure until this process rejects. */
  | { readonly kind: 'failed'; readonly tookMs: number }
  | { readonly kind: 'published'; readonly sentMs: number; readonly answeredMs: number }
  /** A bare message has come, and the processor's time that it took to wake up and learn so. */
  | { readonly kind: 'heard'; readonly atMs: number; readonly cpuMs: number }
  /** HTTP requests that were sent meanwhile. */
  | { readonly kind: 'failed-often'; readonly requests: number }
  /** Calls that went out since the time that was asked for. */
  | { readonly kind: 'counted'; readonly calls: number };

/** Calls of this long prove that a process rejects. */
const PROOF_MS = 200;
const BARE_CHANNEL = 'bare';
/** As long as what the store publishes of a trip. */
const BARE_MESSAGE = 'x'.repeat(390);

/** Milliseconds of a clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

// Before anything that may wait for a server that has gone.
process.on('disconnect', () => process.exit());
const { store: address, cacheTtlMs, everyMs, quietMs, bare } = JSON.parse(process.argv[2] ?? '') as Setup;
const say = (message: FromProcess) => process.send?.(message);
const sayLater = (message: FromProcess) => setTimeout(() => say(message), quietMs);

const store = await createStore(address);
const transition = store.transition.bind(store);
store.transition = async (base, next) => {
  const sentMs = now();
  const answer = await transition(base, next);
  if (answer.accepted) sayLater({ kind: 'tripped', sentMs, answeredMs: now() });
  return answer;
};

const gear = new Switchgear({
  store,
  cacheTtl: cacheTtlMs,
  // A machine that is busy otherwise must not make a process trip for itself alone.
  storeTimeout: '10s',
  defaults: { failureThreshold: 2, resetTimeout: '1h', maxResetTimeout: '1h', maxConcurrent: false },
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

/**
 * Resolves when the circuit opens. The listener is told once the breaker has taken the change over, so that the time it reads is
 * the one from which every call is rejected; `prove` checks that afterwards, since a call at once would compete for the
 * processor with the processes that have not heard yet.
 */
function opening(): Promise<{ atMs: number; cpuMs: number }> {
  return new Promise((resolve) => {
    const off = gear.onStateChange(({ to }) => {
      if (to !== 'open') return;
      off();
      resolve({ atMs: now(), cpuMs: cpuSince(asleep) });
    });
  });
}

async function prove(atMs: number): Promise<void> {
  const late = starts.filter((startMs) => startMs > atMs).length;
  if (late > 0 || !(await rejects()))
    throw new Error(`${late} calls went out after this process was to reject them`);
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** The same server, machine, client and moments, and nothing of Switchgear between a message and who is told. */
async function bareClient(): Promise<Redis> {
  const subscriber = new Redis(address);
  subscriber.on('message', () => sayLater({ kind: 'heard', atMs: now(), cpuMs: cpuSince(asleep) }));
  await subscriber.subscribe(BARE_CHANNEL);
  return new Redis(address);
}

async function publish(): Promise<void> {
  const sentMs = now();
  await publisher?.publish(BARE_CHANNEL, BARE_MESSAGE);
  sayLater({ kind: 'published', sentMs, answeredMs: now() });
}

async function obey(message: ToProcess): Promise<void> {
  if (message.kind === 'circuit') {
    circuit = message.name;
    starts = [];
    gear.breaker(circuit, { failureRatio: 0 });
    await gear.warm([circuit]);
    void opening().then(({ atMs, cpuMs }) => {
      setTimeout(() => void prove(atMs).then(() => say({ kind: 'rejecting', atMs, cpuMs })), PROOF_MS);
    });
    say({ kind: 'ready' });
  } else if (message.kind === 'fail-first') {
    await gear
      .breaker(circuit)
      .execute(fail)
      .catch(() => {});
    await gear.flush();
    say({ kind: 'ready' });
  } else if (message.kind === 'fail') {
    const known = opening();
    const failedMs = now();
    await gear
      .breaker(circuit)
      .execute(fail)
      .catch(() => {});
    say({ kind: 'failed', tookMs: (await known).atMs - failedMs });
  } else if (message.kind === 'fail-often') {
    const breaker = gear.breaker('often', { failureThreshold: 1e6 });
    const before = requests;
    for (let i = 0; i < message.calls; i++) {
      await breaker.execute(fail).catch(() => {});
      await gear.flush();
    }
    say({ kind: 'failed-often', requests: requests - before });
  } else if (message.kind === 'publish') await publish();
  else say({ kind: 'counted', calls: starts.filter((startMs) => startMs >= message.sinceMs).length });
}

process.on('message', (message: ToProcess) => void obey(message));
/** Of this process when it last had nothing to do. */
let asleep = process.cpuUsage();
const publisher = bare ? await bareClient() : undefined;
await publisher?.ping();
const call = async () => {
  if (circuit) await rejects();
  asleep = process.cpuUsage();
};
// Not all at the same moment.
setTimeout(() => setInterval(() => void call(), everyMs), Math.random() * everyMs);
say({ kind: 'ready' });
