import { useEffect, useState } from 'preact/hooks';
import type { Act } from './acts.ts';

/** What an operator is about to do to `circuit`, and to whom that matters: another circuit, or none, and it is over. */
export function useAct(circuit: string | undefined): [Act | undefined, (act: Act | undefined) => void] {
  const [asked, ask] = useState<{ readonly act: Act; readonly circuit: string | undefined }>();
  // The browser's way back closes the dialog for good: it must not lie in wait for whoever comes to a circuit next.
  useEffect(() => () => ask(undefined), [circuit]);
  const act = asked && asked.circuit === circuit ? asked.act : undefined;
  return [act, (act) => ask(act && { act, circuit })];
}
