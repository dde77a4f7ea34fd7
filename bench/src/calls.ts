/** What a breaker costs per call, next to what a user would pick instead. */

import * as cockatiel from 'cockatiel';
import Opossum from 'opossum';
import { MemoryStore, type Store, Switchgear } from 'switchgear';
import { fallback } from 'switchgear/guard';
import { type Timings, timeInTurn } from './rounds.js';

const TIMEOUT_MS = 10_000;

export interface CallCosts {
  /**
   * Nanoseconds per healthy call. `bare` is the function itself, awaited, `bareTimeout` an async function with a timer around it;
   * `Guarded` have timeout and bulkhead, `Around` a fallback too; `Heard` is `Guarded` with a listener that counts.
   */
  readonly healthy: Timings<
    | 'bare'
    | 'switchgear'
    | 'cockatiel'
    | 'opossum'
    | 'switchgearGuarded'
    | 'cockatielGuarded'
    | 'opossumGuarded'
    | 'bareTimeout'
    | 'switchgearAround'
    | 'switchgearHeard'
  >;
  /** Nanoseconds per call that an open circuit rejects, including the `catch`. */
  readonly rejected: Timings<'switchgear' | 'cockatiel' | 'opossum'>;
}

/** A store as the fleet's is: its circuits are pushed by nobody, so that the breaker reads, counts and decides as it does in earnest. */
function sharedStore(): Store {
  const store: Store = new MemoryStore();
  return Object.assign(store, { subscribe: undefined });
}

export async function measureCalls(rounds: number, progress: (text: string) => void): Promise<CallCosts> {
  const healthy = await timeInTurn(healthyContenders(), {
    rounds,
    calls: 10_000,
    onRound: (round) => progress(`healthy calls, round ${round} of ${rounds}`),
  });
  const rejected = await timeInTurn(await rejectingContenders(), {
    rounds,
    calls: 2_000,
    onRound: (round) => progress(`rejected calls, round ${round} of ${rounds}`),
  });
  return { healthy, rejected };
}

function healthyContenders() {
  const work = async () => 1;
  const gear = new Switchgear({ store: sharedStore() });
  const plain = gear.breaker('plain', { maxConcurrent: false });
  const guarded = gear.breaker('guarded', { timeout: TIMEOUT_MS, maxConcurrent: 10 });
  const cockatielPlain = consecutive(5);
  const cockatielGuarded = cockatiel.wrap(
    cockatiel.bulkhead(10, 100),
    consecutive(5),
    cockatiel.timeout(TIMEOUT_MS, cockatiel.TimeoutStrategy.Aggressive),
  );
  const around = gear.breaker('around', {
    timeout: TIMEOUT_MS,
    maxConcurrent: 10,
    guards: [fallback('none')],
  });
  const loud = new Switchgear({ store: sharedStore() });
  const heard = loud.breaker('heard', { timeout: TIMEOUT_MS, maxConcurrent: 10 });
  let counted = 0;
  loud.onCall(() => counted++);
  const opossum = new Opossum(work, { timeout: false });
  const opossumGuarded = new Opossum(work, { timeout: TIMEOUT_MS, capacity: 10 });
  return {
    bare: () => work(),
    switchgear: () => plain.execute(work),
    cockatiel: () => cockatielPlain.execute(work),
    opossum: () => opossum.fire(),
    switchgearGuarded: () => guarded.execute(work),
    cockatielGuarded: () => cockatielGuarded.execute(work),
    opossumGuarded: () => opossumGuarded.fire(),
    bareTimeout: () => withTimeout(work),
    switchgearAround: () => around.execute(work),
    switchgearHeard: () => heard.execute(work),
  };
}

async function rejectingContenders() {
  const fail = async () => {
    throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
  };
  const gear = new Switchgear({ store: sharedStore() });
  const ours = gear.breaker('down', {
    failureThreshold: 1,
    resetTimeout: '1h',
    maxResetTimeout: '1h',
    maxConcurrent: false,
  });
  const theirs = consecutive(1);
  const opossum = new Opossum(fail, {
    timeout: false,
    volumeThreshold: 1,
    errorThresholdPercentage: 1,
    resetTimeout: 3_600_000,
  });
  const contenders = {
    switchgear: () => ours.execute(fail).catch(ignore),
    cockatiel: () => theirs.execute(fail).catch(ignore),
    opossum: () => opossum.fire().catch(ignore),
  };
  for (const trip of Object.values(contenders)) await trip();
  await gear.flush();
  if (ours.state.state !== 'open' || theirs.state !== cockatiel.CircuitState.Open || !opossum.opened)
    throw new Error('not all three circuits are open: the comparison would be of different things');
  return contenders;
}

function consecutive(failures: number) {
  return cockatiel.circuitBreaker(cockatiel.handleAll, {
    halfOpenAfter: 3_600_000,
    breaker: new cockatiel.ConsecutiveBreaker(failures),
  });
}

/** What one writes by hand where there is no library. */
async function withTimeout<T>(work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), TIMEOUT_MS);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const ignore = () => undefined;
