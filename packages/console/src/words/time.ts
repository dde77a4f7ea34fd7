/** Times and lengths of time as people say them. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `12 s`, `4 min 12 s`, `3 h 5 min`, `2 d 4 h`: two units, whole numbers, never negative. What has not passed is not counted. */
export function duration(ms: number): string {
  const rest = Math.max(0, Math.floor(ms / SECOND)) * SECOND;
  if (rest < MINUTE) return `${rest / SECOND} s`;
  if (rest < HOUR) return both(rest, MINUTE, 'min', SECOND, 's');
  if (rest < DAY) return both(rest, HOUR, 'h', MINUTE, 'min');
  return both(rest, DAY, 'd', HOUR, 'h');
}

/** How long until something happens. Rounded up: it is not due while it says so. */
export function remaining(ms: number): string {
  return duration(Math.ceil(ms / SECOND) * SECOND);
}

/** One unit, for places without room: `12 s`, `4 min`, `3 h`, `2 d`. */
export function shortDuration(ms: number): string {
  const [amount, unit] = duration(ms).split(' ');
  return `${amount} ${unit}`;
}

/** `03:12:04` today, `12 Mar, 03:12:04` on another day, by the browser's time zone. */
export function moment(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const clock = at.toLocaleTimeString('en-GB');
  if (at.toDateString() === new Date(nowMs).toDateString()) return clock;
  return `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${clock}`;
}

function both(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
}

/** Where the times are that are shown: `GMT+2`, as the browser says it. */
export function timeZone(atMs: number): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'shortOffset' }).formatToParts(atMs);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'local time';
}
