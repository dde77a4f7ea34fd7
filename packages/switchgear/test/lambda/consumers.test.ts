import type {
  DynamoDBRecord,
  KinesisStreamHandler,
  KinesisStreamRecord,
  SQSHandler,
  SQSRecord,
} from 'aws-lambda';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compose, fallback, type Guard, lastGoodAnswer } from '../../src/guard/index.ts';
import { type SqsRecord, sqsConsumer, streamConsumer, withSwitchgear } from '../../src/lambda/index.ts';
import { hangs, LambdaFunction, refused } from './function.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const message = (messageId: string, group?: string, queue = group ? 'orders.fifo' : 'orders'): SqsRecord => ({
  messageId,
  body: `body of ${messageId}`,
  eventSourceARN: `arn:aws:sqs:eu-central-1:123456789012:${queue}`,
  attributes: group ? { MessageGroupId: group } : {},
});

const kinesis = (sequenceNumber: string) => ({ kinesis: { sequenceNumber } }) as KinesisStreamRecord;
const dynamodb = (SequenceNumber: string) => ({ dynamodb: { SequenceNumber } }) as DynamoDBRecord;

const undoneOf = ({ batchItemFailures }: { batchItemFailures: readonly { itemIdentifier: string }[] }) =>
  batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort();

const quiet = { onFailure: () => {} };

describe('a consumer of a queue', () => {
  it('names what failed, and nothing else', async () => {
    const consume = sqsConsumer(async ({ body }) => {
      if (body.endsWith('b')) throw refused();
    }, quiet);
    expect(await consume({ Records: ['a', 'b', 'c'].map((id) => message(id)) })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'b' }],
    });
    expect(await consume({ Records: [] })).toEqual({ batchItemFailures: [] });
  });

  it('an open circuit: what was not tried stays in the queue, and no handler is called', async () => {
    const f = new LambdaFunction();
    const carrier = f.gear.breaker('carrier');
    let up = true;
    const tried: string[] = [];
    const told: unknown[] = [];
    const handler = withSwitchgear(
      sqsConsumer(
        async ({ messageId }: SqsRecord) => {
          tried.push(messageId);
          if (!up) throw refused();
        },
        { guard: carrier, onFailure: (_, error) => told.push((error as { code: string }).code) },
      ),
      f.options,
    );
    const Records = ['a', 'b', 'c', 'd', 'e'].map((id) => message(id));
    expect(undoneOf(await handler({ Records }, f.context()))).toEqual([]);
    up = false;
    tried.length = 0;
    expect(undoneOf(await handler({ Records }, f.context()))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(tried).toEqual(['a', 'b', 'c']);
    expect(told).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN']);
  });

  it.each([
    ['a fallback', () => [fallback('parked')]],
    ['the answer to another message', () => [lastGoodAnswer()]],
  ])('%s in place of the handler marks nothing as done', async (_, guards) => {
    const f = new LambdaFunction();
    const told: unknown[] = [];
    const tried: string[] = [];
    const consume = sqsConsumer(
      async ({ messageId }) => {
        tried.push(messageId);
        if (messageId !== 'a') throw refused();
      },
      {
        guard: f.gear.breaker('carrier', { guards: guards() }),
        onFailure: ({ messageId }, error) => told.push([messageId, (error as { code: string }).code]),
      },
    );
    const Records = ['a', 'b', 'c', 'd', 'e'].map((id) => message(id));
    expect(undoneOf(await consume({ Records }))).toEqual(['b', 'c', 'd', 'e']);
    expect(tried).toEqual(['a', 'b', 'c', 'd']);
    const codes = ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'CIRCUIT_OPEN'];
    expect(told).toEqual(codes.map((code, i) => ['bcde'[i], code]));
  });

  it('a result that the breaker holds for a failure counts as one', async () => {
    const f = new LambdaFunction();
    const carrier = f.gear.breaker('carrier', { isFailure: (result) => result === 'busy' });
    expect(
      undoneOf(await sqsConsumer(() => 'busy', { guard: carrier })({ Records: [message('a')] })),
    ).toEqual([]);
    expect(carrier.state.evidence).toMatchObject({ calls: 1, failures: 1 });
  });

  it('a guard of another make that answers by itself marks nothing as done either', async () => {
    const guard = { execute: async () => 'nobody tells of it' } as unknown as Guard;
    const told = vi.fn();
    const consume = sqsConsumer(() => {}, { guard, onFailure: told });
    expect(undoneOf(await consume({ Records: [message('a')] }))).toEqual(['a']);
    expect(told).toHaveBeenCalledWith(expect.anything(), expect.any(Error));
  });

  it.each(['with a guard', 'without'])('%s, at the end of its time: the rest comes again', async (how) => {
    const f = new LambdaFunction();
    const guard = how === 'with a guard' ? { guard: f.gear.breaker('carrier') } : {};
    let given: AbortSignal | undefined;
    const handler = withSwitchgear(
      sqsConsumer(
        async ({ messageId }, { signal }) => {
          given = signal;
          if (messageId === 'b') await hangs();
        },
        { ...guard, ...quiet },
      ),
      f.options,
    );
    const call = handler({ Records: ['a', 'b', 'c'].map((id) => message(id)) }, f.context(3_000));
    await f.clock.advance(2_000);
    expect(undoneOf(await call)).toEqual(['b', 'c']);
    expect(given?.aborted).toBe(true);
    if (guard.guard) expect(guard.guard.state.evidence).toMatchObject({ calls: 2, failures: 1 });
  });

  it('once time is over the guard is asked no more: it would lease probes for nothing', async () => {
    const f = new LambdaFunction();
    let asked = 0;
    const guard: Guard = {
      execute(fn, given) {
        asked++;
        return compose(f.gear.breaker('carrier')).execute(fn, given);
      },
    };
    const handler = withSwitchgear(sqsConsumer(hangs, { guard, ...quiet }), f.options);
    const call = handler({ Records: ['a', 'b', 'c', 'd'].map((id) => message(id)) }, f.context(3_000));
    await f.clock.advance(3_000);
    expect(undoneOf(await call)).toEqual(['a', 'b', 'c', 'd']);
    expect(asked).toBe(2);
  });

  it('FIFO: behind a failure everything of its group comes again, untried, and nothing of others', async () => {
    const tried: string[] = [];
    const consume = sqsConsumer(async ({ messageId }) => {
      tried.push(messageId);
      if (messageId === 'a2') throw refused();
    }, quiet);
    const Records = [
      message('a1', 'a'),
      message('b1', 'b'),
      message('a2', 'a'),
      message('b2', 'b'),
      message('a3', 'a'),
    ];
    expect(undoneOf(await consume({ Records }))).toEqual(['a2', 'a3']);
    expect(tried).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  it('groups of a standard queue have no order', async () => {
    const consume = sqsConsumer(async ({ messageId }) => {
      if (messageId === 'a1') throw refused();
    }, quiet);
    const Records = [message('a1', 'a', 'orders'), message('a2', 'a', 'orders')];
    expect(undoneOf(await consume({ Records }))).toEqual(['a1']);
  });

  it('works on as many at the same time as it is told', async () => {
    let running = 0;
    let peak = 0;
    const consume = sqsConsumer(
      async () => {
        peak = Math.max(peak, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      },
      { concurrency: 3 },
    );
    const Records = Array.from({ length: 10 }, (_, i) => message(`${i}`));
    expect(undoneOf(await consume({ Records }))).toEqual([]);
    expect(peak).toBe(3);
    expect(() => sqsConsumer(() => {}, { concurrency: 0 })).toThrow(
      /concurrency is 0; allowed: a whole number/,
    );
  });

  /** As axios has it: the request with all its headers. */
  const failure = () => Object.assign(refused(), { config: { headers: { authorization: 'Bearer s3cret' } } });

  it('says so in one line, with names and the handler’s first error', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const f = new LambdaFunction({ failureThreshold: 2 });
    const error = failure();
    const consume = sqsConsumer(() => Promise.reject(error), { guard: f.gear.breaker('carrier') });
    await consume({ Records: ['a', 'b', 'c', 'd'].map((id) => message(id)) });
    expect(log.mock.calls).toEqual([
      ['switchgear: 4 of 4 records not done (ECONNREFUSED, CIRCUIT_OPEN)', error.stack],
    ]);
    log.mockClear();
    await consume({ Records: [message('a')] });
    expect(log.mock.calls).toEqual([['switchgear: 1 of 1 records not done (CIRCUIT_OPEN)']]);
  });

  it.each([
    [
      'throws',
      () => {
        throw failure();
      },
    ],
    ['rejects', () => Promise.reject(failure())],
  ])('an onFailure that %s takes nothing that is done back to the queue', async (_, onFailure) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const consume = sqsConsumer(
      ({ messageId }) => {
        if (messageId === 'a') throw refused();
      },
      { onFailure },
    );
    const Records = ['a', 'b', 'a', 'a'].map((id) => message(id));
    expect(undoneOf(await consume({ Records }))).toEqual(['a', 'a', 'a']);
    await Promise.resolve();
    expect(log).toHaveBeenCalledTimes(1);
    await consume({ Records });
    await Promise.resolve();
    expect(log).toHaveBeenCalledTimes(2);
    expect(log).toHaveBeenLastCalledWith(
      'switchgear: onFailure threw',
      expect.not.stringContaining('s3cret'),
    );
  });

  it('whatever fails: a message is done or named, and groups keep their order', async () => {
    const batch = fc.array(fc.record({ group: fc.constantFrom('a', 'b', 'c'), fails: fc.boolean() }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(
        batch,
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (plan, concurrency, fifo) => {
          const Records = plan.map(({ group }, i) => message(`${i}`, group, fifo ? 'orders.fifo' : 'orders'));
          const done: number[] = [];
          const consume = sqsConsumer(
            async ({ messageId }) => {
              await Promise.resolve();
              if (plan[Number(messageId)]?.fails) throw refused();
              done.push(Number(messageId));
            },
            { ...quiet, concurrency },
          );
          const undone = undoneOf(await consume({ Records })).map(Number);
          expect([...undone, ...done].sort((a, b) => a - b)).toEqual([...plan.keys()]);
          for (const i of done) expect(plan[i]?.fails).toBe(false);
          for (const [i, { group, fails }] of plan.entries())
            if (fifo) {
              const failedBefore = plan.slice(0, i).some((other) => other.group === group && other.fails);
              expect(undone.includes(i)).toBe(fails || failedBefore);
            } else expect(undone.includes(i)).toBe(fails);
        },
      ),
    );
  });
});

describe('a consumer of a stream', () => {
  it('stops at the first record that it could not do, and names it', async () => {
    const tried: string[] = [];
    const consume = streamConsumer(async ({ kinesis: { sequenceNumber } }: KinesisStreamRecord) => {
      tried.push(sequenceNumber);
      if (sequenceNumber === '12') throw refused();
    }, quiet);
    expect(undoneOf(await consume({ Records: ['11', '12', '13'].map(kinesis) }))).toEqual(['12']);
    expect(tried).toEqual(['11', '12']);
    expect(undoneOf(await consume({ Records: ['13', '14'].map(kinesis) }))).toEqual([]);
    expect(undoneOf(await consume({ Records: [] }))).toEqual([]);
  });

  it('an open circuit: from the first record that was not tried', async () => {
    const f = new LambdaFunction();
    let calls = 0;
    const consume = streamConsumer(
      (_record: DynamoDBRecord) => {
        calls++;
      },
      { guard: f.gear.breaker('search'), ...quiet },
    );
    const Records = ['100', '200'].map(dynamodb);
    expect(undoneOf(await consume({ Records }))).toEqual([]);
    await f.tripElsewhere('search');
    f.clock.jump(6_000);
    await f.gear.warm();
    expect(undoneOf(await consume({ Records }))).toEqual(['100']);
    expect(calls).toBe(2);
  });

  it('takes one after the other, and no option that it does not have', () => {
    const refusal = () => streamConsumer(() => {}, { concurrency: 2 } as object);
    expect(refusal).toThrow(/streamConsumer: concurrency is not an option/);
  });

  it('a record without a number takes all of the batch back: nothing is marked done', async () => {
    const consume = streamConsumer(() => Promise.reject(refused()), quiet);
    await expect(consume({ Records: [{ dynamodb: {} }] })).rejects.toThrow(/no sequence number/);
  });
});

it('handlers fit the types of @types/aws-lambda', () => {
  const f = new LambdaFunction();
  const queue: SQSHandler = withSwitchgear(
    sqsConsumer((record: SQSRecord) => record.receiptHandle),
    f.options,
  );
  const stream: KinesisStreamHandler = withSwitchgear(
    streamConsumer((record: KinesisStreamRecord) => record.eventID),
    f.options,
  );
  expect([queue, stream]).toHaveLength(2);
});
