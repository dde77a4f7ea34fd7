import { type CircuitRecord, MemoryStore, type OpenHead } from 'switchgear';
import { FakeClock } from 'switchgear/testing';
import { type AuditEntry, type ControlApiOptions, createControlApi } from '../../src/control-api/index.ts';

/** A control API on a memory store whose time the test moves. */
export function rig({
  clock = new FakeClock(),
  ...options
}: Partial<ControlApiOptions> & { readonly clock?: FakeClock } = {}) {
  const store = new MemoryStore({ clock });
  const audit: AuditEntry[] = [];
  const api = createControlApi({
    store,
    clock,
    live: false,
    audit: (entry) => audit.push(entry),
    ...options,
  });
  return {
    ...api,
    clock,
    store,
    audit,
    /** A request as a program on this machine sends it. */
    async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const response = await api.app.request(`http://127.0.0.1:4280${path}`, {
        method,
        headers: {
          host: '127.0.0.1:4280',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
    },
  };
}

/** Opens a circuit as a process of the fleet does. */
export async function trip(store: MemoryStore, name: string, openMs: number): Promise<CircuitRecord> {
  const [base] = await store.load([name], () => ({ bucketMs: 6_000, buckets: 10 }));
  if (!base) throw new Error('no record');
  const nowMs = store.now();
  const next: OpenHead = {
    state: 'open',
    epoch: { number: base.epoch.number + 1, id: `trip-${base.epoch.number + 1}` },
    sinceMs: nowMs,
    attempt: 0,
    bucketMs: 6_000,
    buckets: 10,
    settledOverride: base.override?.version ?? 0,
    openUntilMs: nowMs + openMs,
    transition: {
      from: 'closed',
      to: 'open',
      atMs: nowMs,
      reason: 'failures',
      by: 'pod-1',
      calls: 5,
      failures: 3,
      lastFailure: 'ECONNREFUSED',
    },
  };
  return (await store.transition(base, next)).record;
}
