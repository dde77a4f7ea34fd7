import type { Random } from '../engine/random.ts';

/** Calls per second that come to the fleet as a whole, over the time of the run. */
export interface Rate {
  /** Calls per second at `elapsedMs`. */
  at(elapsedMs: number): number;
  /** Not exceeded by `at`. */
  readonly peak: number;
}

export function steady(perSecond: number): Rate {
  return { at: () => perSecond, peak: perSecond };
}

/** `base`, and `burst` for the first `lengthMs` of every `everyMs`. */
export function bursts(base: number, burst: number, lengthMs: number, everyMs: number): Rate {
  return {
    at: (elapsedMs) => (elapsedMs % everyMs < lengthMs ? burst : base),
    peak: Math.max(base, burst),
  };
}

/** Between `night` and `day`, over `dayMs`: two parabolas that meet, as near to a sine as traffic ever is. */
export function diurnal(night: number, day: number, dayMs = 86_400_000): Rate {
  return {
    at(elapsedMs) {
      const phase = ((elapsedMs % dayMs) / dayMs) * 4;
      const half = phase < 2 ? 1 - (phase - 1) ** 2 : (phase - 3) ** 2 - 1;
      return night + ((day - night) * (1 + half)) / 2;
    },
    peak: Math.max(night, day),
  };
}

/**
 * Time until the next call, milliseconds: a Poisson process with the given rate, by thinning (Lewis and Shedler,
 * "Simulation of nonhomogeneous Poisson processes by thinning", 1979).
 */
export function nextGap(rate: Rate, elapsedMs: number, random: Random): number {
  let gapMs = 0;
  for (;;) {
    gapMs += (random.exponential() * 1_000) / rate.peak;
    const now = rate.at(elapsedMs + gapMs);
    if (now >= rate.peak || random.uniform() * rate.peak < now) return gapMs;
  }
}
