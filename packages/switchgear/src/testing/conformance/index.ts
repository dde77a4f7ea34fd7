import { actCases } from './acts.ts';
import { Bench, type Case, type Definition, type MakeStore } from './case.ts';
import { directoryCases } from './directory.ts';
import { evidenceCases } from './evidence.ts';
import { leaseCases } from './leases.ts';
import { operatorCases } from './operators.ts';
import { noPushCases, pushCases } from './push.ts';
import { transitionCases } from './transitions.ts';

/**
 * What every store must keep to, as cases for any test runner. Each makes a store of its own, uses circuits of its own
 * and closes the store, so cases may run in any order and share a table.
 *
 * @param makeStore gives a fresh rig: the store, a second client of the same data, and a way to move its clock
 * @param options.pushes whether the store has `subscribe` (default: no). A store that has it and does not say so fails.
 *
 * @example
 * for (const { name, run } of conformance(() => myRig())) test(name, run);
 */
export function conformance(
  makeStore: MakeStore,
  options: { readonly pushes?: boolean } = {},
): readonly Case[] {
  const definitions: readonly Definition[] = [
    ...evidenceCases,
    ...transitionCases,
    ...leaseCases,
    ...operatorCases,
    ...actCases,
    ...directoryCases,
    ...(options.pushes ? pushCases : noPushCases),
  ];
  return definitions.map(({ name, law, test }) => ({ name, law, run: () => Bench.with(makeStore, test) }));
}
