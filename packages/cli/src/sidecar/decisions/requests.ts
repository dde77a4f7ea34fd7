/** What programs send to the decision API. */

import { z } from 'zod';

export const permitRequest = z.strictObject({
  /** 1 to 255 characters. */
  circuit: z.string().min(1).max(255),
});

const word = z
  .string()
  .regex(/^[\w$.:-]{1,64}$/, 'must be a name of 1 to 64 letters, digits, _ $ . : or -, not a message');

export const outcome = z.strictObject({
  /** `cancel`: the call was not made, or says nothing about the dependency. */
  outcome: z.enum(['success', 'failure', 'cancel']),
  /** As the permit has them: of another permit's call it is no outcome. A probe's must name its lease. */
  epoch: z.number().int().optional(),
  lease: z.string().max(64).nullable().optional(),
  /** Name or code of the failure, for the circuit's record. */
  error: word.optional(),
  /** HTTP status of the failure. */
  status: z.number().int().min(400).max(599).optional(),
  /** What the dependency said in `Retry-After`: seconds, or a date as HTTP writes it. */
  retryAfter: z.union([z.number().int().min(0).max(999_999_999), z.string().max(40)]).optional(),
});

export type Outcome = z.infer<typeof outcome>;
