/** Tells a control API how many calls a process admitted, rejected and saw fail: of calls that go well the store hears nothing. */

import { type Clock, systemClock, within } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { ConfigurationError } from '../errors.ts';
import { failureName } from '../guard/classify.ts';
import { readGuardOptions } from '../guard/guard-options.ts';
import type { OptionSpec } from '../options.ts';
import type { Switchgear } from '../switchgear.ts';
import { CallCounts, type Counts } from './call-counts.ts';
import { Sampler } from './sampler.ts';

export interface TrafficOptions {
  /** Where the control API is: `http:` or `https:`, such as `https://switchboard.internal`. */
  readonly to: string;
  /** Shown where the control API wants a token: a reporter's, which opens nothing else. Default: none. */
  readonly token?: string;
  /** Between two posts: 1 to 10 seconds. Default 5 seconds. */
  readonly every?: Duration;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

interface Settings {
  readonly to: string;
  readonly token?: string;
  readonly every: number;
}

const TABLE: Record<keyof Settings, OptionSpec> = {
  to: { kind: 'text', required: true, min: 1, max: 2_048 },
  token: { kind: 'text', min: 1, max: 1_024 },
  every: { kind: 'duration', default: 5_000, min: 1_000, max: 10_000 },
};

/** Who has nothing to tell says so this often: the control API counts who tells. */
const HEARTBEAT_MS = 10_000;
/** A control API that does not answer by then is not waited for. */
const PATIENCE_MS = 2_000;
/** A control API that is away is said once in this time. */
const COMPLAIN_MS = 3_600_000;
/** Of a post, in characters: three bytes each are still within the 64 KB that the control API takes. */
const MOST_CHARACTERS = 20_000;
/** Of a circuit, beside its name. */
const COUNTS_CHARACTERS = 100;

/** Calls of one circuit since they were told before. */
type Traffic = Readonly<Record<'admitted' | 'rejected' | 'failed', number>>;

/**
 * Posts the counts of this process's calls to the control API at `to`, every few seconds, until the function that it returns is
 * called: that one posts the rest, within 4 seconds, and does not reject. One small request at a time, in nobody's way; one that
 * fails is said on `console.error` once an hour, and what it told is lost, not told twice. Without calls a sign of life
 * every 10 seconds. No store call. Not for Lambda, where no timer runs between invocations.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options.
 * @example
 * const stop = reportTraffic(gear, { to: 'https://switchboard.internal', token: process.env.SWITCHGEAR_REPORTER_TOKEN });
 */
export function reportTraffic(gear: Switchgear, options: TrafficOptions): () => Promise<void> {
  const { clock = systemClock, ...rest } = options;
  const settings = readGuardOptions<Settings>('reportTraffic', TABLE, rest);
  const reporter = new Reporter(gear, settings, clock);
  const timer = setInterval(() => reporter.tick(), settings.every);
  timer.unref?.();
  return () => {
    clearInterval(timer);
    return reporter.stop();
  };
}

class Reporter {
  readonly #gear: Switchgear;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #address: URL;
  readonly #counts: CallCounts;
  /** What was told of each circuit, in the order of the telling. */
  readonly #told = new Map<string, Counts>();
  readonly #complaints = new Sampler(COMPLAIN_MS);
  #postedMs: number | undefined;
  #underWay: Promise<void> | undefined;

  constructor(gear: Switchgear, settings: Settings, clock: Clock) {
    this.#address = addressOf(settings.to);
    this.#gear = gear;
    this.#settings = settings;
    this.#clock = clock;
    this.#counts = new CallCounts(gear);
  }

  /** A control API that is slow gets no second post meanwhile: what is counted goes with the next. */
  tick(): void {
    const nowMs = this.#clock.now();
    if (this.#underWay) return;
    const circuits = this.#news();
    if (circuits.size === 0 && within(HEARTBEAT_MS, nowMs, this.#postedMs)) return;
    this.#postedMs = nowMs;
    this.#underWay = this.#post(circuits).finally(() => {
      this.#underWay = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#counts.stop();
    await this.#underWay;
    const rest = this.#news();
    if (rest.size > 0) await this.#post(rest);
  }

  /** As much as fits, of circuits that have waited longest, and takes it for told. */
  #news(): Map<string, Traffic> {
    const news = new Map<string, Traffic>();
    const untold = [...this.#gear.breakers.keys()].filter((name) => !this.#told.has(name));
    let characters = 0;
    for (const name of [...untold, ...this.#told.keys()]) {
      const now = this.#counts.of(name);
      const traffic = since(this.#told.get(name), now);
      if (traffic.admitted + traffic.rejected === 0) continue;
      characters += JSON.stringify(name).length + COUNTS_CHARACTERS;
      if (characters > MOST_CHARACTERS) break;
      news.set(name, traffic);
      this.#told.delete(name);
      this.#told.set(name, { ...now });
    }
    return news;
  }

  /** Never rejects. */
  async #post(circuits: ReadonlyMap<string, Traffic>): Promise<void> {
    const { token, every: overMs } = this.#settings;
    const told = await fetch(this.#address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({
        process: this.#gear.processId,
        overMs,
        circuits: Object.fromEntries(circuits),
      }),
      // Whoever it points to was not told to be trusted with the token.
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).then(whatBecameOf, failureName);
    if (told === undefined || this.#complaints.due('', this.#clock.now()) === 0) return;
    console.error(
      `switchgear: the control API at ${this.#address.host} is not told of calls (${told}); calls go on`,
    );
  }
}

function since(before: Counts | undefined, now: Counts): Traffic {
  const grown = (outcome: keyof Counts) => now[outcome] - (before?.[outcome] ?? 0);
  return {
    admitted: grown('success') + grown('slow') + grown('failure') + grown('ignored'),
    rejected: grown('rejected'),
    failed: grown('failure'),
  };
}

/** What kept it from being taken, if something did. */
async function whatBecameOf({ ok, status, body }: Response): Promise<string | undefined> {
  // The rest of the answer would hold the connection.
  await body?.cancel().catch(() => {});
  return ok ? undefined : `it answers ${status}`;
}

function addressOf(to: string): URL {
  const url = URL.canParse(to) ? new URL(to) : undefined;
  // What was given is not repeated: there may be a password in it.
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new ConfigurationError([
      'reportTraffic: to is no usable address; allowed: http: or https: without user and password',
    ]);
  return new URL('v1/traffic', url.href.endsWith('/') ? url : `${url.href}/`);
}
