import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L12: who was never answered does not know the time, and neither trips nor leases; what is written is the store's time. */
export function clocks(facts: Facts, broken: Verdict): Law {
  const { clockErrorMs, wayMs } = facts.store.profile;
  return {
    sent(process, write) {
      if ((write.verb === 'transition' || write.verb === 'lease') && facts.known(process).number < 0)
        broken('L12', process, `tried a ${write.verb} before it could know the time`);
    },
    wrote(process, write, { accepted, record }) {
      if (!accepted || write.verb !== 'transition') return;
      const offMs = record.sinceMs - facts.engine.nowMs;
      // Behind by its way to the store, which may be long; ahead by no more than the error.
      if (offMs > clockErrorMs + wayMs.at(0) + 1)
        broken('L12', process, `began an epoch ${Math.round(offMs)} ms ahead of the store's time`);
    },
  };
}
