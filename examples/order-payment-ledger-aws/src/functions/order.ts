/** Takes orders and has them paid: by the payment function, or straight into the ledger through the workflow. */

import { aws, type Cloud } from './cloud.ts';
import type { Entry } from './ledger.ts';

export interface Order extends Entry {
  /** Default: the payment function, with the library. */
  readonly by?: 'library' | 'workflow';
}

export type Answer = { readonly paid: unknown } | { readonly later: string };

export function order(payment: string, ledger: string, workflow: string, cloud: Cloud) {
  return async ({ by = 'library', ...entry }: Order): Promise<Answer> => {
    try {
      if (by === 'library') return { paid: await cloud.invoke(payment, entry) };
      const input = { circuit: 'ledger', targetLambda: ledger, payload: entry };
      return { paid: await cloud.runWorkflow(workflow, input) };
    } catch (error) {
      // The ledger is known to be down: nobody was called, and the customer need not wait.
      if ((error as Error).name === 'CircuitOpenError')
        return { later: 'we book it when the ledger is back' };
      throw error;
    }
  };
}

const { PAYMENT = '', LEDGER = '', WORKFLOW = '' } = process.env;

export const handler = order(PAYMENT, LEDGER, WORKFLOW, aws);
