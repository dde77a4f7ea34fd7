import type { Override } from 'switchgear';
import type { Process } from '../engine/process.ts';
import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L9: what an operator decided holds from the moment a process knows it until it ends. */
export function overrides(facts: Facts, broken: Verdict): Law {
  const { clockErrorMs } = facts.store.profile;
  /** The override that holds for `process` beyond doubt. */
  const inForce = (process: Process): Override | undefined => {
    const { latest, timed } = facts.known(process);
    // Who does not know the time cannot know whether an override has ended.
    const override = timed ? latest?.override : undefined;
    const endsMs = override?.untilMs ?? Number.POSITIVE_INFINITY;
    return facts.engine.nowMs < endsMs - clockErrorMs - 1 ? override : undefined;
  };
  return {
    admitted(call) {
      if (inForce(call.process)?.mode === 'forced-open' && facts.admission(call).kind !== 'passed')
        broken('L9', call.process, 'admitted a call while forced open');
    },
    rejected(call) {
      const mode = inForce(call.process)?.mode;
      if (mode === 'forced-closed' || mode === 'disabled')
        broken('L9', call.process, `refused a call while ${mode}`);
    },
    sent(process, write) {
      const mode = write.verb === 'transition' && inForce(process)?.mode;
      if (mode) broken('L9', process, `tried to move the circuit while ${mode}`);
    },
    wrote(process, write, { accepted, record }, before) {
      if (!accepted || !before || !('base' in write)) return;
      if (JSON.stringify(before.override) !== JSON.stringify(record.override))
        broken('L9', process, `${write.verb} changed the override`);
      if (JSON.stringify(before.policy) !== JSON.stringify(record.policy))
        broken('L9', process, `${write.verb} changed the stored policy`);
      if (write.verb !== 'transition' || !before.override) return;
      const { override, settledOverride } = before;
      if (override.mode !== 'forced-open' || override.version <= settledOverride) return;
      // A transition that was sent before the override began does not settle it, however late it arrives.
      if (record.settledOverride >= override.version && record.state === 'closed')
        broken('L9', process, 'forced-open ended in closed, not in half-open');
    },
  };
}
