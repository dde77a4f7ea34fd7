/** Where the keyboard is on the board. */

import type { Circuit } from '@switchgear/cli/control-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Step } from './use-reach.ts';

export interface Steps {
  /** The last one. */
  readonly step: Step | undefined;
  /** So many circuits on, or back. */
  readonly by: (count: number) => void;
  /** The focus came to a circuit's tile, by whatever way: steps go on from there. */
  readonly reached: (name: string) => void;
}

/** @param open the circuit whose details are shown: whoever comes back from them is where he was. */
export function useSteps(circuits: readonly Circuit[], open: string | undefined): Steps {
  const [step, setStep] = useState<Step>();
  // Not `step`: the mouse and Tab move the focus too.
  const at = useRef<string>(undefined);
  const reached = (name: string) => {
    at.current = name;
  };
  const to = (name: string) => {
    reached(name);
    setStep({ name });
  };
  const left = useRef<string>(undefined);
  useEffect(() => {
    if (open === undefined && left.current !== undefined) to(left.current);
    left.current = open;
  }, [open]);
  const by = (count: number) => {
    const from = circuits.findIndex(({ name }) => name === at.current);
    const next = circuits[from < 0 ? 0 : Math.min(circuits.length - 1, Math.max(0, from + count))];
    if (next) to(next.name);
  };
  return { step, by, reached };
}
