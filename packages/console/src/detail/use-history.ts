import type { Circuit, History } from '@switchgear/cli/control-api';
import { useEffect, useState } from 'preact/hooks';
import { type ControlApi, failureWords } from '../api/control-api.ts';

/** What happened to a circuit; `undefined` until the first answer. */
export type Told = History | { readonly problem: string } | undefined;

/**
 * Transitions and acts of one circuit, read anew with each new epoch and each word of an operator, and with each whole picture:
 * a question that failed is asked again.
 */
export function useHistory(
  api: ControlApi,
  { name, epoch, versions }: Pick<Circuit, 'name' | 'epoch' | 'versions'>,
  pictures: number,
): Told {
  const [history, setHistory] = useState<Told>();
  useEffect(() => {
    const asking = new AbortController();
    api.history(name, asking.signal).then(setHistory, (error: unknown) => {
      if (!asking.signal.aborted) setHistory({ problem: failureWords(error) });
    });
    return () => asking.abort();
  }, [api, name, epoch.id, versions.override, versions.policy, pictures]);
  return history;
}
