/** Times as an operator reads them. */

/** `12 s`, `3 min`, `5 h`, `12 d`: whole units, rounded down. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Like `span`, rounded up: what is to come is not over while it says more than 0. */
export function wait(ms: number): string {
  const unitMs = ms < 60_000 ? 1_000 : ms < 3_600_000 ? 60_000 : ms < 172_800_000 ? 3_600_000 : 86_400_000;
  return span(Math.ceil(ms / unitMs) * unitMs);
}

/** `2026-10-21 06:30:12Z` */
export function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
