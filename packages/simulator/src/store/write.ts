import type {
  CircuitRecord,
  Evidence,
  Head,
  Lease,
  OperatorStore,
  OverrideRequest,
  ProbeResult,
} from 'switchgear';

type Author = Parameters<OperatorStore['clear']>[1];
type PolicyValues = Parameters<OperatorStore['policy']>[1];

/** A write as it travels to the store. */
export type Write =
  | { readonly verb: 'report'; readonly base: CircuitRecord; readonly evidence: Evidence }
  | { readonly verb: 'settle'; readonly base: CircuitRecord; readonly probe: ProbeResult }
  | { readonly verb: 'transition'; readonly base: CircuitRecord; readonly next: Head }
  | {
      readonly verb: 'lease';
      readonly base: CircuitRecord;
      readonly slot: number;
      readonly lease: Lease;
    }
  | { readonly verb: 'override'; readonly name: string; readonly request: OverrideRequest }
  | { readonly verb: 'policy'; readonly name: string; readonly values: PolicyValues; readonly author: Author }
  | { readonly verb: 'clear'; readonly name: string; readonly author: Author };

export function itemOf(write: Write): string {
  return 'base' in write ? write.base.name : write.name;
}

/** Lets `store` do it. */
export async function perform(
  write: Write,
  store: OperatorStore,
): Promise<{ accepted: boolean; record: CircuitRecord }> {
  switch (write.verb) {
    case 'report':
      return store.report(write.base, write.evidence);
    case 'settle':
      return store.settle(write.base, write.probe);
    case 'transition':
      return store.transition(write.base, write.next);
    case 'lease':
      return store.lease(write.base, write.slot, write.lease);
    case 'override':
      return store.override(write.name, write.request);
    case 'policy':
      return store.policy(write.name, write.values, write.author);
    case 'clear': {
      await store.clear([write.name], write.author);
      const [record] = await store.load([write.name], () => ({ bucketMs: 1_000, buckets: 1 }));
      return { accepted: true, record: record as CircuitRecord };
    }
  }
}
