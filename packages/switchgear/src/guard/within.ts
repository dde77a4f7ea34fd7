/** Whether `thenMs` is less than `ms` away from `nowMs`; either way, as a clock may be set back. */
export function within(ms: number, nowMs: number, thenMs: number | undefined): boolean {
  return thenMs !== undefined && Math.abs(nowMs - thenMs) < ms;
}
