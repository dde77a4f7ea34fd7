/** The last minutes of a circuit in a few strokes: how many calls failed, and how many were rejected. */

import type { Point } from '../fleet/fleet.ts';

const WIDTH = 100;
const HEIGHT = 20;
const SPAN_MS = 120_000;
const BARS = 40;

export function Spark({ points, nowMs }: { readonly points: readonly Point[]; readonly nowMs: number }) {
  const bars = Array.from({ length: BARS }, () => 0);
  for (const { atMs, failures, rejected = 0 } of points) {
    const bar = BARS - 1 - Math.floor(((nowMs - atMs) / SPAN_MS) * BARS);
    if (bar >= 0 && bar < BARS) bars[bar] = (bars[bar] ?? 0) + failures + rejected;
  }
  const most = Math.max(...bars);
  if (most === 0) return null;
  const step = WIDTH / BARS;
  const path = bars
    // A root, so that single failures are seen beside a storm.
    .map((bad, i) =>
      bad === 0 ? '' : `M${(i + 0.5) * step} ${HEIGHT}v${-Math.max(2, Math.sqrt(bad / most) * HEIGHT)}`,
    )
    .join('');
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
