/** The passing of time: components that say "for 12 s" are drawn anew each second. */

import { useEffect, useState } from 'preact/hooks';
import type { Fleet } from './fleet.ts';

const TICK_MS = 1_000;

/** Milliseconds by the store's clock; draws the component anew each second. */
export function useNow(fleet: Fleet): number {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((count) => count + 1), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return fleet.nowMs;
}
