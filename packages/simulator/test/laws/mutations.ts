import type { LawName } from '../../src/index.ts';

/** A deliberate bug: in `file` of the library, the text `from`, which is there exactly once, becomes `to`. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Laws of which at least one must be found broken. */
  readonly laws: readonly LawName[];
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a transition takes effect in any epoch',
    file: 'core/apply.ts',
    from: '  if (!sameEpoch(record.epoch, from)) return undefined;\n',
    to: '',
    laws: ['L1'],
  },
  {
    name: 'a report counts in any epoch',
    file: 'core/apply.ts',
    from: '  if (!sameEpoch(record.epoch, epoch)) return undefined;\n  return {\n    ...record,\n    sinceMs',
    to: '  return {\n    ...record,\n    sinceMs',
    laws: ['L1', 'L2'],
  },
  {
    name: 'a verdict counts whoever holds the slot',
    file: 'core/apply.ts',
    from: 'if (lease?.id !== leaseId || nowMs >= lease.untilMs) return undefined;',
    to: '',
    laws: ['L3', 'L4'],
  },
  {
    name: 'a lease is taken over before it has ended',
    file: 'core/apply.ts',
    from: 'if (held === undefined || (held !== null && !lapsed(held, nowMs))) return undefined;',
    to: '',
    laws: ['L3'],
  },
  {
    name: 'a lease is taken over at its end, whatever the clocks',
    file: 'core/record.ts',
    from: 'CLOCK_BOUND_MS = 2_000',
    to: 'CLOCK_BOUND_MS = 0',
    laws: ['L3'],
  },
  {
    name: 'the number of the epoch stays',
    file: 'core/transitions.ts',
    from: 'epoch: { number: record.epoch.number + 1, id },\n    sinceMs: nowMs,\n    attempt,\n    ...windowOf',
    to: 'epoch: { number: record.epoch.number, id },\n    sinceMs: nowMs,\n    attempt,\n    ...windowOf',
    laws: ['L1'],
  },
  {
    name: 'a failed probe does not lengthen the open time',
    file: 'core/transitions.ts',
    from: 'opened(record, policy, mover, reason, record.attempt + 1)',
    to: 'opened(record, policy, mover, reason, record.attempt)',
    laws: ['L5'],
  },
  {
    name: 'a late failure moves the deadline',
    file: 'core/apply.ts',
    from: '    sinceMs: record.sinceMs || nowMs,\n    evidence',
    to: "    ...(record.state === 'open' && { openUntilMs: record.openUntilMs + 1_000 }),\n    sinceMs: record.sinceMs || nowMs,\n    evidence",
    laws: ['L5'],
  },
  {
    name: 'one success of a probe closes',
    file: 'core/verdict.ts',
    from: 'record.successes >= record.successesNeeded',
    to: 'record.successes > 0',
    laws: ['L1'],
  },
  {
    name: 'a cancelled probe is a success',
    file: 'core/apply.ts',
    from: "verdict === 'success' ? successes + 1 : successes",
    to: "verdict !== 'failure' ? successes + 1 : successes",
    laws: ['L4'],
  },
  {
    name: 'what was sent is sent again',
    file: 'circuit/era.ts',
    from: '      own.sent = { calls, failures, slow, votes };\n',
    to: '',
    laws: ['L2'],
  },
  {
    name: 'an ignored error counts as a call',
    file: 'circuit/circuit.ts',
    from: "return ticket instanceof Probe ? this.#verdict(ticket, 'cancel') : undefined;",
    to: "if (ticket === this.era) this.era.success();\n    return ticket instanceof Probe ? this.#verdict(ticket, 'cancel') : undefined;",
    laws: ['L6'],
  },
  {
    name: 'a result counts in whatever epoch is present',
    file: 'circuit/circuit.ts',
    from: 'if (ticket !== this.era && !(ticket instanceof Probe)) return undefined;',
    to: '',
    laws: ['L1', 'L2', 'L6', 'L10'],
  },
  {
    name: 'a transition is announced when it is tried',
    file: 'circuit/commits.ts',
    from: '    this.#underway = moving;\n    return moving;',
    to: '    this.#underway = moving;\n    this.claim(next.epoch.id);\n    return moving;',
    laws: ['L7'],
  },
  {
    name: 'a lost reply is never looked into',
    file: 'circuit/commits.ts',
    from: 'if (this.#pending.size === 0 || this.#underway) return;',
    to: 'if (this.#pending.size >= 0) return;',
    laws: ['L7'],
  },
  {
    name: 'a lease of one process serves another call after its use',
    file: 'circuit/probing.ts',
    from: 'if (lease && this.#wanted.delete(lease.id)) {',
    to: 'if (lease && this.#wanted.has(lease.id)) {',
    laws: ['L3'],
  },
  {
    name: 'a probe starts however late its lease came',
    file: 'circuit/probing.ts',
    from: 'if (nowMs + this.#callMs <= lease.untilMs) return probe;',
    to: 'if (probe) return probe;',
    laws: ['L3'],
  },
  {
    name: 'a process probes by its own clock',
    file: 'circuit/circuit.ts',
    from: 'const taught = this.#host.guard.store.now() !== undefined;',
    to: 'const taught = true;',
    laws: ['L12'],
  },
  {
    name: 'an override is no more than the state below it',
    file: 'core/verdict.ts',
    from: 'if (override && overrideActive(record, nowMs)) {',
    to: 'if (override && overrideActive(record, nowMs) && nowMs < 0) {',
    laws: ['L9'],
  },
  {
    name: 'a transition forgets the override',
    file: 'core/apply.ts',
    from: '...(override && { override }), ...(policy && { policy }), ...next',
    to: '...(policy && { policy }), ...next',
    laws: ['L9'],
  },
  {
    name: 'a process votes beyond its share',
    file: 'circuit/era.ts',
    from: 'bad && own.votes < share ? 1 : 0',
    to: 'bad ? 1 : 0',
    laws: ['L11'],
  },
  {
    name: 'votes are given anew after a recovery of its own',
    file: 'circuit/era.ts',
    from: '      votes,\n      sent: { ...NOTHING, votes },\n',
    to: '',
    laws: ['L11'],
  },
  {
    name: 'a call waits for the store as long as it takes',
    file: 'circuit/circuit.ts',
    from: 'return ticket instanceof Promise ? this.#inTime(ticket, refreshMs) : ticket;',
    to: 'return ticket;',
    laws: ['L8'],
  },
  {
    name: 'an older answer takes the place of a newer one',
    file: 'circuit/snapshot.ts',
    from: '    if (known && regresses(record, known)) {',
    to: '    if (known && regresses(record, known) && known.epoch.number < 0) {',
    laws: ['L1'],
  },
  {
    name: 'a report is made of every call',
    file: 'circuit/circuit.ts',
    from: '      this.era.success();\n      return undefined;',
    to: '      this.era.success();\n      if (this.record) void this.#reports.send();\n      return undefined;',
    laws: ['L10'],
  },
];
