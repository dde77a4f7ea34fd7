/** Whatever JSON a caller hands in and a target answers passes untouched, through a call and through a probe. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { workflowDefinition } from '../src/workflow/definition.ts';
import { execute } from './asl/interpreter.ts';

const machine = workflowDefinition({ tableName: 't' });
const OPEN = {
  ...{ state: { S: 'open' }, epochId: { S: 'x' } },
  ...Object.fromEntries(
    Object.entries({
      epoch: 1,
      sinceMs: 1,
      attempt: 0,
      settledOverride: 0,
      openUntilMs: 1,
      bucketMs: 6_000,
      buckets: 10,
    }).map(([name, value]) => [name, { N: `${value}` }]),
  ),
};

/** An answer of the table for which each write succeeds, so that an open circuit is probed. */
function table(id: string) {
  const lease = { M: { id: { S: id }, by: { S: 'x' }, untilMs: { N: '60000' } } };
  const numbers = { slots: 1, successesNeeded: 2, leaseMs: 31_000, successes: 0, failures: 0, lapses: 0 };
  const more = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, { N: `${value}` }]));
  return { ...OPEN, ...more, state: { S: 'half-open' }, lease0: lease };
}

async function roundTrip(payload: unknown, item: object | undefined) {
  let given: unknown;
  const { output, error, cause } = await execute(
    machine,
    { circuit: 'c', targetLambda: 't', payload },
    {
      handlers: {
        'arn:aws:states:::dynamodb:getItem': async () => (item ? { Item: item } : {}),
        'arn:aws:states:::dynamodb:updateItem': async () => ({ Attributes: table('me') }),
        'arn:aws:states:::lambda:invoke': async ({ Payload }) => {
          given = Payload;
          return { Payload };
        },
      },
      now: () => 10_000,
      random: () => 0.5,
      newId: () => 'me',
      sleep: async () => {},
    },
  );
  expect([error, cause]).toEqual([undefined, undefined]);
  return [given, output];
}

// Names and texts that mean something to the language, to JSONata, to JavaScript.
const word = fc.constantFrom(
  '{% $x %}',
  '{%1%}',
  '$',
  '$states',
  'States.ALL',
  'Payload',
  'a.$',
  'sequence',
  '__proto__',
  'length',
  '',
);
const text = fc.oneof(word, fc.string());
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      null,
      true,
      false,
      0,
      1e21,
      -1e-7,
      5e-324,
      1.7976931348623157e308,
      Number.MAX_SAFE_INTEGER,
    ),
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(text, tie('json'), { maxKeys: 3 }),
  ),
}));

test.each([
  ['a call', undefined],
  ['a probe', OPEN],
])(
  '%s',
  async (_, item) => {
    const property = fc.asyncProperty(json, async (value) => {
      // As it is on its way in: without -0, and with `__proto__` for a name like any other.
      const payload: unknown = JSON.parse(JSON.stringify(value));
      const texts = (await roundTrip(payload, item)).map((got) => JSON.stringify(got));
      expect(texts).toEqual([JSON.stringify(payload), JSON.stringify(payload)]);
    });
    await fc.assert(property, { numRuns: 50 });
  },
  30_000,
);
