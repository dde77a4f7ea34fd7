import type { Process } from '../engine/process.ts';
import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L7: who commits a transition says so, once; nobody says so of one that was not committed. */
export function oneEvent(facts: Facts, broken: Verdict): Law {
  const committed = new Map<string, Process>();
  const announced = new Set<string>();
  return {
    wrote(process, write, { accepted, record }) {
      if (accepted && write.verb === 'transition') committed.set(record.epoch.id, process);
    },
    changed(process, { source, epoch, from, to }) {
      if (source !== 'committed') return;
      const what = `${from} → ${to}, epoch ${epoch.number}`;
      if (committed.get(epoch.id) !== process)
        broken('L7', process, `announced what it had not committed: ${what}`);
      if (announced.has(epoch.id)) broken('L7', process, `announced twice: ${what}`);
      announced.add(epoch.id);
    },
    finished() {
      const alive = new Set(facts.upToDate().map(({ process }) => process));
      for (const [epochId, process] of committed)
        if (alive.has(process) && !announced.has(epochId))
          broken('L7', process, 'never announced a transition that it had committed');
    },
  };
}
