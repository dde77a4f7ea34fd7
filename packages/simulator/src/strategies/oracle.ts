import type { Engine } from '../engine/engine.ts';
import { isDead, type Phase } from '../world/dependency.ts';
import type { Strategy, Ticket } from './strategy.ts';

/**
 * The limit of what any breaker can do: from the first failure that a client hears of until the dependency is well again nothing goes,
 * and that moment is known without a probe.
 */
export function oracle(engine: Engine, script: readonly Phase[]): Strategy {
  let knownSince = Number.NEGATIVE_INFINITY;
  const dead = (): boolean | undefined => {
    const at = script.findLastIndex(({ fromMs }) => fromMs <= engine.elapsedMs);
    const phase = script[at];
    return phase && isDead(phase) && knownSince >= phase.fromMs;
  };
  const ticket: Ticket = {
    success() {},
    failure() {
      if (!dead()) knownSince = engine.elapsedMs;
    },
  };
  const guard = { enter: () => (dead() ? undefined : ticket) };
  return { name: 'oracle', guard: () => guard };
}
