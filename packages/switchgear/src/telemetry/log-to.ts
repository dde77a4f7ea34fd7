/** Structured log lines: every change of a circuit, and of what happens often no more than a line now and then. */

import type { EndedCall } from '../circuit/ended-call.ts';
import type { StateChange } from '../circuit/state-change.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Duration } from '../duration.ts';
import { isSwitchgearError } from '../errors.ts';
import { failureName } from '../guard/classify.ts';
import { readGuardOptions } from '../guard/guard-options.ts';
import { traceOf } from '../guard/trace-of.ts';
import type { OptionSpec } from '../options.ts';
import type { Verb } from '../store/store-guard.ts';
import type { Switchgear } from '../switchgear.ts';
import { type LogEntry, sentenceOf } from './log-entry.ts';
import { Sampler } from './sampler.ts';

/** Powertools' Logger, pino, `console`: whatever takes an object for a line. */
export interface Logger {
  info(entry: LogEntry): void;
  warn(entry: LogEntry): void;
  error(entry: LogEntry): void;
}

export interface LogOptions {
  /** At most one line per circuit in this time says that calls were rejected, and one per kind that the store failed. Default 30 seconds. */
  readonly every?: Duration;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

const TABLE: Record<'every', OptionSpec> = {
  every: { kind: 'duration', default: 30_000, min: 1, max: 86_400_000 },
};

/**
 * Writes what happens to the circuits of this process to `logger`, until the function that it returns is called: changes for the
 * worse that this process made as `warn`, others as `info`, rejected calls as `warn`, failures of the store as `error`.
 * A call that goes well writes nothing. No store call.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem of the options.
 * @example
 * const stop = logTo(gear, new Logger({ serviceName: 'orders' }));
 */
export function logTo(gear: Switchgear, logger: Logger, options: LogOptions = {}): () => void {
  const { clock = systemClock, ...rest } = options;
  const { every } = readGuardOptions<{ every: number }>('logTo', TABLE, rest);
  const log = new Log(gear, logger, every, clock);
  const stops = [
    gear.onStateChange((change) => log.changed(change)),
    gear.onCall((call) => log.ended(call)),
    gear.onStoreError((error, verb) => log.storeFailed(error, verb)),
  ];
  return () => {
    for (const stop of stops.splice(0)) stop();
    log.tellTheRest();
  };
}

class Log {
  readonly #gear: Switchgear;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #rejections: Sampler;
  readonly #failures: Sampler;

  constructor(gear: Switchgear, logger: Logger, every: number, clock: Clock) {
    this.#gear = gear;
    this.#logger = (logger as unknown) === globalThis.console ? jsonConsole : logger;
    this.#clock = clock;
    this.#rejections = new Sampler(every);
    this.#failures = new Sampler(every);
  }

  changed(change: StateChange): void {
    const rejected = this.#rejections.rest(change.circuit);
    const worse = change.to === 'open' || change.to === 'forced-open';
    this.#write(worse && change.source !== 'learnt' ? 'warn' : 'info', {
      message: sentenceOf(change),
      event: 'circuit-changed',
      ...change,
      epoch: change.epoch.number,
      ...(rejected > 0 && { rejected }),
    });
  }

  ended({ circuit, outcome, cause }: EndedCall): void {
    if (outcome !== 'rejected') return;
    const rejected = this.#rejections.due(circuit, this.#clock.now());
    if (rejected > 0) this.#rejected(circuit, rejected, cause);
  }

  storeFailed(error: unknown, verb: Verb): void {
    const { message = error } = Object(error) as { readonly message?: unknown };
    // By name: messages may have a number or an id in them, and be new each time.
    const failures = this.#failures.due(`${verb} ${failureName(error)}`, this.#clock.now());
    if (failures === 0) return;
    this.#write('error', {
      message: `${verb} failed: ${message}; calls go on with local protection`,
      event: 'store-failed',
      verb,
      error: `${message}`,
      failures,
    });
  }

  /** What was counted and not told, so that the lines add up. */
  tellTheRest(): void {
    for (const circuit of this.#rejections.kinds) this.#rejected(circuit, this.#rejections.rest(circuit));
  }

  #rejected(circuit: string, rejected: number, cause?: unknown): void {
    const open = isSwitchgearError(cause, 'CIRCUIT_OPEN') ? cause : undefined;
    this.#write('warn', {
      message: `circuit "${circuit}" rejected ${rejected === 1 ? 'a call' : `${rejected} calls`}`,
      event: 'calls-rejected',
      circuit,
      rejected,
      ...(open && { state: open.state }),
      ...(open && Number.isFinite(open.retryAfterMs) && { retryAfterMs: Math.ceil(open.retryAfterMs) }),
    });
  }

  #write(level: keyof Logger, entry: LogEntry): void {
    const { correlationId } = this.#gear;
    const line = { ...entry, ...(correlationId !== undefined && { correlationId }) };
    // A logger that throws, now or later, ends neither the process nor whoever stops the log.
    new Promise<void>((resolve) => resolve(this.#logger[level](line))).catch((error) =>
      console.error('switchgear: the logger threw', traceOf(error)),
    );
  }
}

/** `console` would print an object over several lines; only Lambda's own JSON format takes one as it is. */
const jsonConsole: Logger = {
  info: (entry) => console.info(jsonLine('INFO', entry)),
  warn: (entry) => console.warn(jsonLine('WARN', entry)),
  error: (entry) => console.error(jsonLine('ERROR', entry)),
};

function jsonLine(level: string, entry: LogEntry): LogEntry | string {
  if (globalThis.process?.env.AWS_LAMBDA_LOG_FORMAT === 'JSON') return entry;
  return JSON.stringify({ level, timestamp: new Date().toISOString(), ...entry });
}
