/**
 * Which errors say that the dependency is unwell, by default: timeouts, failed connections, HTTP 5xx and 429, as
 * `fetch`, undici, axios, got and AWS SDK v3 carry them. Anything else is an answer (4xx) or a fault of the program.
 *
 * Errors come from anybody's code: nothing here trusts a property to be what it seems, or to be readable at all.
 */

/** Failed connections: codes of Node, of undici, of axios. `HPE_`: the answer was not HTTP at all. */
const FAILED = new RegExp(
  '^(E(CONN(REFUSED|RESET|ABORTED)|(SOCKET)?TIMEDOUT|NOTFOUND|AI_AGAIN|HOST(UNREACH|DOWN)|NET(UNREACH|DOWN|RESET)|PIPE|PROTO)' +
    '|ERR_(NETWORK|SOCKET_CONNECTION_TIMEOUT|HTTP_REQUEST_TIMEOUT|HTTP2_(STREAM|SESSION)_ERROR|STREAM_PREMATURE_CLOSE)' +
    '|CERT_HAS_EXPIRED|ERR_TLS_CERT_ALTNAME_INVALID|UNABLE_TO_VERIFY_LEAF_SIGNATURE' +
    '|UND_ERR_((CONNECT|HEADERS|BODY)_TIMEOUT|SOCKET|INFO|RES_CONTENT_LENGTH_MISMATCH|PRX_TLS)' +
    '|HPE_.*)$',
);

/** AWS services say "slow down" with a 400 and one of these names. */
const THROTTLED =
  /^(Throttl|RequestThrottled|TooManyRequestsEx|ProvisionedThroughputEx|RequestLimitEx|EC2Thrott|SlowDown$|BandwidthLimitEx)/;

/** Errors looked at behind one error: a bound for chains that go in circles or never end. */
const MAX_ERRORS = 50;

/** What may be shown and stored of a name or code: no message in disguise. */
const NAME = /^(HTTP )?[\w$.:-]{1,64}$/;

/** Whether `error` counts as a failure of the dependency. Never throws. */
export function isBreakable(error: unknown): boolean {
  return failureOf(error) !== undefined;
}

/**
 * What went wrong in one word of at most 64 characters, for the circuit's record: `ECONNREFUSED`, `HTTP 503`, `TimeoutError`.
 * Never a message: messages hold secrets. Never throws.
 */
export function failureName(error: unknown): string {
  const named = [failureOf(error), text(error, 'code'), text(error, 'name')];
  return named.find((name) => name !== undefined && NAME.test(name)) ?? 'Error';
}

/** How long the dependency asks callers to stay away (`Retry-After`), milliseconds from `nowMs`. Never throws. */
export function retryAfterMs(error: unknown, nowMs: number): number | undefined {
  for (const each of behind(error))
    for (const carrier of carriers(each)) {
      const value = header(read(carrier, 'headers'), 'retry-after');
      if (value === undefined) continue;
      if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
      // `Date.parse` takes almost anything for a date; HTTP has but one form that is still sent.
      if (value.endsWith(' GMT')) return Math.max(0, Date.parse(value) - nowMs) || undefined;
    }
  return undefined;
}

/** Name of the failure of the dependency that `error` or one behind it stands for. */
function failureOf(error: unknown): string | undefined {
  return behind(error).map(ownFailure).find(Boolean);
}

function ownFailure(error: unknown): string | undefined {
  const name = text(error, 'name');
  if (read(read(error, '$retryable'), 'throttling') === true || (name && THROTTLED.test(name)))
    return name ?? 'Throttling';
  const status = statusOf(error);
  if (status !== undefined) return status === 429 || status >= 500 ? `HTTP ${status}` : undefined;
  const code = text(error, 'code');
  // AbortSignal.timeout, got, AWS SDK; ours also where a minifier has renamed the class.
  if (name === 'TimeoutError' || code === 'CALL_TIMEOUT') return 'TimeoutError';
  if (code && FAILED.test(code)) return code;
  // axios has no code for an answer that broke off.
  if (text(error, 'message') === 'stream has been aborted') return 'ECONNRESET';
  return read(error, '$fault') === 'server' ? name : undefined;
}

/** The error status of the HTTP answer that `error` carries. A 200 is none: its body may still have broken off. */
function statusOf(error: unknown): number | undefined {
  return [read(error, '$metadata'), ...carriers(error)]
    .flatMap((from) => [read(from, 'httpStatusCode'), read(from, 'status'), read(from, 'statusCode')])
    .find((s): s is number => Number.isInteger(s) && Number(s) >= 400 && Number(s) <= 599);
}

/** Where an error has the answer of the dependency: axios and got, AWS SDK, itself. */
function carriers(error: unknown): unknown[] {
  return [read(error, 'response'), read(error, '$response'), error];
}

/** `error`, then what caused it and what it sums up, unless an answer of the dependency settles it: a 404 is none the less for its cause. */
function behind(error: unknown): unknown[] {
  const found = [error];
  const add = (one: unknown) => one !== undefined && found.length < MAX_ERRORS && found.push(one) > 0;
  // Walked while it grows.
  for (const each of found) {
    if (statusOf(each) !== undefined) continue;
    add(read(each, 'cause'));
    const errors = read(each, 'errors');
    let at = 0;
    while (add(read(errors, `${at}`))) at++;
  }
  return found;
}

/** A header of a `Headers`, an AxiosHeaders or a plain object. */
function header(headers: unknown, name: string): string | undefined {
  const get = read(headers, 'get');
  let value: unknown;
  try {
    value = typeof get === 'function' ? get.call(headers, name) : undefined;
  } catch {}
  value ??= read(headers, name) ?? read(headers, 'Retry-After');
  return typeof value === 'string' || typeof value === 'number' ? `${value}`.trim() : undefined;
}

function text(from: unknown, key: string): string | undefined {
  const value = read(from, key);
  return typeof value === 'string' ? value : undefined;
}

/** A property, or `undefined` where there is none or its getter throws. */
function read(from: unknown, key: string): unknown {
  if (from === null || (typeof from !== 'object' && typeof from !== 'function')) return undefined;
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
