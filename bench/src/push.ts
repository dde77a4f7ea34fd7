/**
 * `npm run bench -- push`: how fast a fleet of processes knows of a trip. Each circuit is tripped once, by one process; measured
 * is the time from the moment when the winner SENDS its transition (so a little more than from its commit) until the last
 * process rejects every call: each writes down when its breaker has taken the change over, and proves it by its calls of
 * the next 200 ms.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Redis } from 'ioredis';
import { createTable } from 'switchgear/dynamodb';
import { startDynamoDBLocal, startRedis } from '../../scripts/services.mjs';
import type { FromProcess, Setup, ToProcess } from './push-process.js';
import { median, quantile } from './rounds.js';

const PROCESSES = 50;
const EVERY_MS = 50;
const FAILING_CALLS = 200;
/** Longer than any trip takes that is not out of all measure. */
const QUIET_MS = 200;
/** No step takes this long unless something is wrong. */
const PATIENCE_MS = 120_000;

export interface PushFigures extends Delays {
  readonly trips: number;
  readonly processes: number;
  /** Calls per second, of all processes. */
  readonly rate: number;
  readonly cacheTtlMs: number;
  /** The floor: a bare message of the same length, to the same processes over the same client, after each trip. */
  readonly bare?: Delays;
  /** From a failure of its own until a process that has not heard yet rejects, milliseconds. Without a push alone. */
  readonly ownFailure?: Spread;
  /** Calls that went out after the transition was sent, per trip, and as many as are due: rate × time until the last one rejects. */
  readonly callsAfter: Spread;
  readonly callsDue: Spread;
  /** Commands (Redis) or requests (DynamoDB) that reached the store per failing call. */
  readonly storeCallsPerFailure: number;
}

/** Milliseconds, from the moment when one process sends until it is known elsewhere that no call may go out any more. */
export interface Delays {
  readonly last: Spread;
  /** Every process but the one that sent. */
  readonly each: Spread;
  /** The processor's time that each of these took from waking up until then. */
  readonly cpu: Spread;
  /** Until the one that sent has the answer. */
  readonly roundTrip: Spread;
}

export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

export interface PushReport {
  readonly redis: PushFigures;
  readonly dynamodb: PushFigures;
}

/** Rows of a table, and how much of a trip's time is the floor's. */
export function pushRows({ bare, last, each, cpu, roundTrip, ...more }: PushFigures): Record<string, Spread> {
  const { ownFailure, callsAfter, callsDue } = more;
  return {
    ...{ last, each, cpu, roundTrip },
    ...(bare && Object.fromEntries(Object.entries(bare).map(([name, delay]) => [`bare ${name}`, delay]))),
    ...(bare && { 'last / bare last': ratio(last, bare.last), 'each / bare each': ratio(each, bare.each) }),
    ...(ownFailure && { ownFailure }),
    ...{ callsAfter, callsDue },
  };
}

function ratio(a: Spread, b: Spread): Spread {
  return { median: a.median / b.median, p99: a.p99 / b.p99, max: a.max / b.max };
}

export async function measurePush(progress: (text: string) => void): Promise<PushReport> {
  return { redis: await onRedis(100, progress), dynamodb: await onDynamoDB(30, progress) };
}

async function onRedis(trips: number, progress: (text: string) => void): Promise<PushFigures> {
  const { port, stop } = await startRedis();
  const client = new Redis(port);
  try {
    const store = `redis://127.0.0.1:${port}`;
    // What the server received: scripts, and the directory's entries.
    const commands = async () => {
      const stats = await client.info('commandstats');
      const counts = stats.matchAll(/^cmdstat_(?:evalsha|eval|sadd):calls=(\d+)/gm);
      return [...counts].reduce((sum, [, calls]) => sum + Number(calls), 0);
    };
    return await measureOn({ store, trips, cacheTtlMs: 5_000, commands }, progress);
  } finally {
    client.disconnect();
    await stop();
  }
}

async function onDynamoDB(trips: number, progress: (text: string) => void): Promise<PushFigures> {
  const { endpoint, stop } = await startDynamoDBLocal();
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' });
  const client = new DynamoDBClient({ endpoint, region: 'local' });
  try {
    await createTable(client, { tableName: 'circuits' });
    const store = `dynamodb://circuits?region=local&endpoint=${encodeURIComponent(endpoint)}`;
    // Shorter than the default, so that the run takes less than a minute.
    return await measureOn({ store, trips, cacheTtlMs: 1_000 }, progress);
  } finally {
    client.destroy();
    await stop();
  }
}

interface Course {
  readonly store: string;
  readonly trips: number;
  readonly cacheTtlMs: number;
  /** Commands that the store has received. Absent: the process counts its HTTP requests. */
  readonly commands?: () => Promise<number>;
}

async function measureOn(course: Course, progress: (text: string) => void): Promise<PushFigures> {
  const { store, trips, cacheTtlMs } = course;
  const kind = store.slice(0, store.indexOf(':'));
  const storeCallsPerFailure = await failures(course);
  progress(`${kind}: ${PROCESSES} processes start`);
  const fleet = await Promise.all(
    Array.from({ length: PROCESSES }, () =>
      // With DynamoDB the next step waits for the word of the winner.
      Member.start({
        ...{ store, cacheTtlMs, everyMs: EVERY_MS, bare: course.commands !== undefined },
        quietMs: course.commands ? QUIET_MS : 0,
      }),
    ),
  );
  const pushed = new Samples();
  const bare = new Samples();
  const own: number[] = [];
  const callsAfter: number[] = [];
  const callsDue: number[] = [];
  const rate = (1_000 / EVERY_MS) * PROCESSES;
  try {
    // The first one warms up, and does not count.
    for (let round = 0; round <= trips; round++) {
      progress(`${kind}: trip ${round} of ${trips}`);
      await Promise.all(
        fleet.map((member) => member.ask({ kind: 'circuit', name: `circuit-${round}` }, 'ready')),
      );
      const winner = fleet[round % PROCESSES] as Member;
      const witness = fleet[(round + 1) % PROCESSES] as Member;
      await winner.ask({ kind: 'fail-first' }, 'ready');
      await someMoment();
      const rejecting = fleet.map((member) => member.next('rejecting'));
      const trip = await winner.ask({ kind: 'fail' }, 'tripped');
      // A process that the push has reached makes no call that could fail.
      const { tookMs } = course.commands
        ? { tookMs: Number.NaN }
        : await witness.ask({ kind: 'fail' }, 'failed');
      const opened = await Promise.all(rejecting);
      const counts = await Promise.all(
        fleet.map((member) => member.ask({ kind: 'count', sinceMs: trip.sentMs }, 'counted')),
      );
      const message = course.commands && (await bareMessage(fleet, winner));
      if (round === 0) continue;
      const lastMs = pushed.add(trip, opened, fleet.indexOf(winner));
      if (message) bare.add(message.sent, message.heard, fleet.indexOf(winner));
      own.push(tookMs);
      callsAfter.push(counts.reduce((sum, { calls }) => sum + calls, 0));
      callsDue.push((rate * lastMs) / 1_000);
    }
  } finally {
    for (const member of fleet) member.end();
  }
  return {
    trips,
    processes: PROCESSES,
    rate,
    cacheTtlMs,
    ...pushed.delays(),
    ...(course.commands ? { bare: bare.delays() } : { ownFailure: spread(own) }),
    callsAfter: spread(callsAfter),
    callsDue: spread(callsDue),
    storeCallsPerFailure,
  };
}

async function bareMessage(fleet: readonly Member[], sender: Member) {
  await someMoment();
  const hearing = fleet.map((member) => member.next('heard'));
  const sent = await sender.ask({ kind: 'publish' }, 'published');
  return { sent, heard: await Promise.all(hearing) };
}

/** Any of the period in which a process reads. */
function someMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 200));
}

/** Store calls per failing call below the threshold, of a process that does nothing else. */
async function failures({ store, commands }: Course): Promise<number> {
  const member = await Member.start({ store, cacheTtlMs: 60_000, everyMs: 60_000, quietMs: 0, bare: false });
  try {
    // The first failures of a circuit also read it, enter it into the directory and load the script.
    await member.ask({ kind: 'fail-often', calls: 3 }, 'failed-often');
    const before = (await commands?.()) ?? 0;
    const { requests } = await member.ask({ kind: 'fail-often', calls: FAILING_CALLS }, 'failed-often');
    return (commands ? (await commands()) - before : requests) / FAILING_CALLS;
  } finally {
    member.end();
  }
}

class Samples {
  readonly #last: number[] = [];
  readonly #each: number[] = [];
  readonly #cpu: number[] = [];
  readonly #roundTrips: number[] = [];

  /** When each process knew, the sender among them. Returns how long the last one took. */
  add(
    { sentMs, answeredMs }: { readonly sentMs: number; readonly answeredMs: number },
    known: readonly { readonly atMs: number; readonly cpuMs: number }[],
    sender: number,
  ): number {
    const others = known.filter((_, at) => at !== sender);
    const lastMs = Math.max(...known.map(({ atMs }) => atMs - sentMs));
    this.#last.push(lastMs);
    this.#each.push(...others.map(({ atMs }) => atMs - sentMs));
    this.#cpu.push(...others.map(({ cpuMs }) => cpuMs));
    this.#roundTrips.push(answeredMs - sentMs);
    return lastMs;
  }

  delays(): Delays {
    return {
      last: spread(this.#last),
      each: spread(this.#each),
      cpu: spread(this.#cpu),
      roundTrip: spread(this.#roundTrips),
    };
  }
}

type Answer<K extends FromProcess['kind']> = Extract<FromProcess, { kind: K }>;

/** A process of the fleet. */
class Member {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.setMaxListeners(0);
  }

  static async start(setup: Setup): Promise<Member> {
    const module = fileURLToPath(new URL('./push-process.js', import.meta.url));
    const member = new Member(
      fork(module, [JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
    await member.next('ready');
    return member;
  }

  ask<K extends FromProcess['kind']>(message: ToProcess, kind: K): Promise<Answer<K>> {
    const answer = this.next(kind);
    this.#child.send(message);
    return answer;
  }

  /** The next message of this kind. Rejects if the process ends before. */
  next<K extends FromProcess['kind']>(kind: K): Promise<Answer<K>> {
    return new Promise((resolve, reject) => {
      const hear = (message: FromProcess) => {
        if (message.kind !== kind) return;
        this.#child.off('message', hear).off('exit', gone);
        resolve(message as Answer<K>);
      };
      const gone = () => reject(new Error('a process of the fleet has ended'));
      setTimeout(() => reject(new Error(`no '${kind}' within ${PATIENCE_MS} ms`)), PATIENCE_MS).unref();
      this.#child.on('message', hear).once('exit', gone);
    });
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

function spread(values: readonly number[]): Spread {
  return { median: median(values), p99: quantile(values, 0.99), max: Math.max(...values) };
}
