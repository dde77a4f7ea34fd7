import type { Facts } from './facts.ts';
import type { Law, Verdict } from './law.ts';

/** L6: in shadow mode nothing is refused. (That what was refused or ignored is never counted is seen where counts are: L2.) */
export function rejectionIsNoOutcome({ policy }: Facts, broken: Verdict): Law {
  if (policy.mode !== 'shadow') return {};
  return {
    rejected: ({ process }) => broken('L6', process, 'refused a call in shadow mode'),
    full: ({ process }) => broken('L6', process, 'let a call stand in line in shadow mode'),
  };
}
