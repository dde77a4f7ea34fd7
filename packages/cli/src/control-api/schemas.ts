/** What the control API takes and gives. Validation, the OpenAPI document and the types of its clients come from here. */

import { z } from '@hono/zod-openapi';
import type { CircuitState, EffectiveState, OverrideMode, TransitionReason } from 'switchgear';

const STATES = ['closed', 'open', 'half-open'] as const satisfies readonly CircuitState[];
const MODES = ['forced-open', 'forced-closed', 'disabled'] as const satisfies readonly OverrideMode[];
const STATES_IN_FORCE = [...STATES, 'ramp', ...MODES] as const satisfies readonly EffectiveState[];
const REASONS = [
  'failures',
  'slow-calls',
  'consecutive-failures',
  'probe-started',
  'probe-failed',
  'probes-lapsed',
  'recovered',
  'override-ended',
  'cleared',
] as const satisfies readonly TransitionReason[];

/** Bounds of an author's words: those of the library, which the record carries. */
const MAX_BY = 64;
const MAX_REASON = 256;
const MAX_NAME = 255;
const MAX_OVERRIDE_MS = 30 * 86_400_000;

const timeMs = z.number().int().openapi({ description: "Milliseconds of the store's clock since 1970." });
const count = z.number().int().nonnegative();
const by = z.string().max(MAX_BY);

export const circuitName = z.string().min(1).max(MAX_NAME).openapi({ example: 'payments' });

export const epochSchema = z
  .object({ number: count, id: z.string() })
  .openapi('Epoch', { description: 'Identity of one stay in one state.' });

export const transitionSchema = z
  .object({
    from: z.enum(STATES),
    to: z.enum(STATES),
    atMs: timeMs,
    reason: z.enum(REASONS),
    by: z.string().openapi({ description: 'Process or person that committed it.' }),
    calls: count.optional(),
    failures: count.optional(),
    lastFailure: z.string().optional().openapi({ description: 'Name or code of the last failure.' }),
    note: z.string().optional().openapi({ description: "An operator's words." }),
  })
  .openapi('Transition', { description: 'One committed change of state.' });

export const overrideSchema = z
  .object({
    mode: z.enum(MODES),
    by,
    reason: z.string(),
    atMs: timeMs,
    untilMs: timeMs.optional().openapi({ description: 'Absent: until somebody releases it.' }),
  })
  .openapi('Override', { description: "An operator's decision that is in force." });

export const policySchema = z
  .object({
    version: count,
    values: z.record(z.string(), z.union([z.number(), z.string()])),
    by,
    reason: z.string(),
    atMs: timeMs,
  })
  .openapi('Policy', { description: 'Settings stored with the circuit, which processes take over.' });

export const circuitSchema = z
  .object({
    name: z.string(),
    state: z
      .enum(STATES_IN_FORCE)
      .openapi({ description: 'The state in force: an override, else the automatic one.' }),
    sinceMs: timeMs.openapi({
      description: 'When the state in force began; 0 for a circuit that was never written.',
    }),
    retryAfterMs: z.number().nonnegative().nullable().openapi({
      description:
        'Milliseconds until a call may be admitted again; 0: one may now; null: until somebody releases it.',
    }),
    openUntilMs: timeMs.optional().openapi({ description: 'When an open circuit probes, at the earliest.' }),
    evidence: z.object({ calls: count, failures: count, slow: count, isolated: count }).openapi({
      description:
        "Reported by the fleet in the present window. Successes are reported with failures. `isolated`: failed calls, each the first of its process after a good one; the fleet's ratio is judged without them.",
    }),
    failureRatio: z.number().min(0).max(1).openapi({
      description:
        '`failures / calls`, 0 without calls. Judged is `(failures - isolated) / (calls - isolated)`, unless the setting `failureRatio` is 0.',
    }),
    transition: transitionSchema
      .optional()
      .openapi({ description: 'The one that began the automatic state.' }),
    override: overrideSchema.optional(),
    ended: overrideSchema.optional().openapi({
      description:
        'The one that is over, until a call has taken that into account: the state is what it ended into.',
    }),
    policy: policySchema.optional(),
    versions: z.object({ override: count, policy: count }).openapi({
      description:
        "Of the operators' latest words, in force or over; 0: there was none. `If-Match` takes them, in quotes.",
    }),
    epoch: epochSchema,
    leases: z
      .array(z.object({ by: z.string(), untilMs: timeMs }))
      .openapi({ description: 'Probes under way.' }),
  })
  .openapi('Circuit');

export const circuitsSchema = z
  .object({
    nowMs: timeMs,
    circuits: z.array(circuitSchema),
    unreadable: z.array(z.object({ name: z.string(), problem: z.string() })).openapi({
      description:
        'Circuits whose record could not be read just now, or makes no sense to this version: a reset puts that right.',
    }),
  })
  .openapi('Circuits');

const overrideActSchema = overrideSchema
  .extend({ kind: z.literal('override'), version: count })
  .openapi('OverrideAct', { description: 'A release where `untilMs` is `atMs`.' });
const policyActSchema = policySchema
  .extend({ kind: z.literal('policy') })
  .openapi('PolicyAct', { description: 'Settings; removed where there are no `values`.' });

export const historySchema = z
  .object({
    name: z.string(),
    transitions: z
      .array(transitionSchema.extend({ epoch: epochSchema }).openapi('HistoryEntry'))
      .openapi({ description: 'Newest first.' }),
    acts: z.array(z.union([overrideActSchema, policyActSchema])).openapi({
      description:
        'What operators did, newest first; what was replaced is kept for 30 days. A reset is a transition.',
    }),
  })
  .openapi('History');

const countsOfSample = z
  .object({
    calls: count.openapi({ description: 'Reported since the sample before.' }),
    failures: count,
    admitted: count
      .optional()
      .openapi({ description: 'Calls admitted since the sample before, by the processes that tell.' }),
    rejected: count.optional(),
    failed: count.optional().openapi({ description: 'Of the admitted ones.' }),
    processes: count.optional().openapi({
      description:
        'How many processes tell of this circuit; 0: none any more. Absent: as in the sample before.',
    }),
  })
  .openapi('SampleCounts');

export const sampleSchema = z
  .object({ atMs: timeMs, circuits: z.record(z.string(), countsOfSample) })
  .openapi('Sample', { description: 'Circuits without news since the sample before are left out.' });

export const samplesSchema = z
  .object({ samples: z.array(sampleSchema).openapi({ description: 'Oldest first.' }) })
  .openapi('Samples');

export const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded']),
    problems: z.array(z.string()).openapi({ description: 'What keeps the store from answering.' }),
  })
  .openapi('Health');

export const problemSchema = z
  .object({
    status: z.number().int(),
    code: z.string().openapi({ description: 'Stable: match on this.' }),
    detail: z.string().openapi({ description: 'What was wrong, and what is allowed.' }),
  })
  .openapi('Problem');

/** One version, as `ETag` gives it. */
export const conditionHeaders = z.object({
  'if-match': z
    .string()
    .regex(/^(\*|"\d{1,15}")$/, 'allowed: a version in quotes, as ETag has it, or *')
    .optional()
    .openapi({
      description:
        'Version that the caller saw of what he replaces (`ETag`, `versions`): refused where it is another by now.',
      example: '"3"',
    }),
});

const reason = z.string().trim().min(1).max(MAX_REASON).openapi({ example: 'provider maintenance' });

const duration = z
  .union([
    z.number().min(1).max(MAX_OVERRIDE_MS),
    z.templateLiteral([z.number().positive(), z.enum(['ms', 's', 'm', 'h'])]),
  ])
  .openapi({
    type: ['number', 'string'],
    description: "Milliseconds, or a text like '15m'; up to 30 days.",
    example: '15m',
  });

export const reasonBody = z.strictObject({ reason }).openapi('Reason');
export const overrideBody = z
  .strictObject({ mode: z.enum(MODES), reason, for: duration.optional() })
  .openapi('OverrideRequest', { description: 'Without `for` it holds until it is released.' });
export const outageBody = z.strictObject({ reason, for: duration }).openapi('Outage');
export const policyBody = z
  .strictObject({ reason, values: z.record(z.string(), z.union([z.number(), z.string()])) })
  .openapi('PolicyRequest', {
    description: 'Names and ranges: docs/options.md. What can be off is turned off by `off`.',
  });

/** More than calls could be counted in the time of a report. */
const MAX_TOLD = 1_000_000_000;
const MAX_TOLD_CIRCUITS = 1_000;
const MAX_PROCESS = 64;
const told = count.max(MAX_TOLD);
const toldCounts = z
  .strictObject({ admitted: told, rejected: told, failed: told })
  .refine(({ admitted, failed }) => failed <= admitted, 'more failed than were admitted')
  .openapi('ToldCounts', { description: '`failed` are of the admitted ones.' });

export const trafficBody = z
  .strictObject({
    process: z
      .string()
      .min(1)
      .max(MAX_PROCESS)
      .openapi({ description: 'Tells processes apart: `processId`.' }),
    overMs: z.number().int().min(1).max(60_000).openapi({
      description: 'Milliseconds in which these calls were made, until now. Times are those of the server.',
    }),
    circuits: z
      .record(circuitName, toldCounts)
      .refine(
        (circuits) => Object.keys(circuits).length <= MAX_TOLD_CIRCUITS,
        `allowed: ${MAX_TOLD_CIRCUITS} circuits`,
      )
      .openapi({ description: `Circuits without calls are left out. Up to ${MAX_TOLD_CIRCUITS}.` }),
  })
  .openapi('TrafficReport', {
    description: 'Calls of one process since it told before; without any a sign of life.',
  });

export type Circuit = z.infer<typeof circuitSchema>;
export type Circuits = z.infer<typeof circuitsSchema>;
export type History = z.infer<typeof historySchema>;
export type HistoryEntry = History['transitions'][number];
export type Health = z.infer<typeof healthSchema>;
export type OverrideRequest = z.infer<typeof overrideBody>;
export type Outage = z.infer<typeof outageBody>;
export type PolicyRequest = z.infer<typeof policyBody>;
export type Problem = z.infer<typeof problemSchema>;
export type Sample = z.infer<typeof sampleSchema>;
export type SampleCounts = z.infer<typeof countsOfSample>;
export type TrafficReport = z.infer<typeof trafficBody>;
export type Samples = z.infer<typeof samplesSchema>;
