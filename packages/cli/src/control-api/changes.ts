/** What the control API changes, and how each change is asked for, done and entered into the audit log. */

import type { CircuitRecord, OperatorStore } from 'switchgear';
import { ConflictError, isSwitchgearError } from 'switchgear';
import { Operator, type StateRequest, type Witness } from 'switchgear/operate';
import { circuitView } from '../circuits/circuit-view.ts';
import { asGiven } from '../circuits/policy-values.ts';
import { readRecords } from '../circuits/read-records.ts';
import { resetCircuits } from '../circuits/reset.ts';
import type { Role } from './access.ts';
import type { Audit, AuditEntry } from './audit.ts';
import { Refusal } from './problem.ts';
import type { Circuit, Outage, OverrideRequest, PolicyRequest } from './schemas.ts';

/** Who wants a change of which circuit, and why. */
export interface Request {
  readonly circuit: string;
  readonly by: string;
  readonly role: Role;
  readonly reason: string;
  /** The version that he saw of what he replaces; absent: any. */
  readonly ifVersion?: number;
}

export class Changes {
  readonly #store: OperatorStore;
  readonly #operator: Operator;
  readonly #audit: Audit;

  constructor(store: OperatorStore, audit: Audit) {
    this.#store = store;
    this.#operator = new Operator({ store });
    this.#audit = audit;
  }

  override(request: Request, { mode, for: forMs }: OverrideRequest): Promise<Circuit> {
    return this.#change('override', request, { mode, for: forMs }, () => this.#set(request, { mode, forMs }));
  }

  release(request: Request): Promise<Circuit> {
    return this.#change('release', request, {}, () => this.#set(request, { mode: 'release' }));
  }

  reset(request: Request): Promise<Circuit> {
    return this.#change('reset', request, {}, () =>
      resetCircuits(this.#operator, { [request.circuit]: witnessOf(request) }),
    );
  }

  /** A planned while: forced-open until it is over, then half-open, never full load. */
  outage(request: Request, { for: forMs }: Outage): Promise<Circuit> {
    return this.#change('outage', request, { for: forMs }, () =>
      this.#set(request, { mode: 'forced-open', forMs }),
    );
  }

  /**
   * The dependency's own word that it is well is a hint, no verdict: an open circuit does not close, its time to probe comes
   * now. A forced-open that ends does just that, so an open circuit is forced open for a moment; what an operator forced open
   * is released. A circuit that probes or admits calls already needs nothing.
   */
  recovered(request: Request): Promise<Circuit> {
    return this.#change('recovered', request, {}, async () => {
      const { state, versions } = await this.#read(request.circuit);
      // An operator who acts in between is not overruled by a hint.
      const seen = { ifVersion: versions.override, ...request };
      if (state === 'forced-open') await this.#set(seen, { mode: 'release' });
      else if (state === 'open') await this.#set(seen, { mode: 'forced-open', forMs: 1 });
      else if (seen.ifVersion !== versions.override)
        throw new ConflictError(`circuit "${request.circuit}": its override is another than you saw`);
    });
  }

  /** `null` removes the settings. */
  policy(request: Request, values: PolicyRequest['values'] | null): Promise<Circuit> {
    return this.#change(values ? 'set-policy' : 'unset-policy', request, { values }, () =>
      this.#operator.setPolicy(request.circuit, values && asGiven(values), witnessOf(request)),
    );
  }

  async #set(
    request: Request,
    { mode, forMs }: Pick<StateRequest, 'mode'> & { forMs?: unknown },
  ): Promise<void> {
    const held = forMs === undefined ? {} : { forMs: forMs as NonNullable<StateRequest['forMs']> };
    await this.#operator.setStates({ [request.circuit]: { mode, ...held, ...witnessOf(request) } });
  }

  async #change(
    act: AuditEntry['act'],
    { circuit, by, role, reason }: Request,
    asked: AuditEntry['asked'],
    run: () => Promise<unknown>,
  ): Promise<Circuit> {
    const entry = { act, circuit, by, role, reason, asked };
    try {
      await run();
    } catch (error) {
      const refused =
        isSwitchgearError(error, 'INVALID_CONFIGURATION') || isSwitchgearError(error, 'CONFLICT');
      const outcome = refused ? 'refused' : 'failed';
      this.#audit({ ...entry, outcome, error: String((error as Error).message) });
      throw error;
    }
    this.#audit({ ...entry, outcome: 'done' });
    return this.#read(circuit);
  }

  #read(name: string): Promise<Circuit> {
    return readCircuit(this.#store, name);
  }
}

/** @throws Refusal (502) where the record cannot be read. */
export async function readCircuit(store: OperatorStore, name: string): Promise<Circuit> {
  const { records, unreadable } = await readRecords(store, [name]);
  const record: CircuitRecord | undefined = records[0];
  if (!record) throw new Refusal(502, 'UNREADABLE', unreadable[0]?.problem ?? 'the record cannot be read');
  return circuitView(record, store.now() ?? Date.now());
}

function witnessOf({ by, reason, ifVersion }: Request): Witness {
  return { by, reason, ...(ifVersion !== undefined && { ifVersion }) };
}
