/** Executions of the workflow on DynamoDB Local, and the library on the same circuit. */

import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { CircuitRecord, HistoryEntry, OverrideRequest } from 'switchgear';
import { createTable, DynamoDBOperatorStore } from 'switchgear/dynamodb';
import type { CircuitLayout } from '../../src/index.ts';
import type { StateMachine } from '../../src/workflow/asl.ts';
import { type WorkflowDefinitionProps, workflowDefinition } from '../../src/workflow/definition.ts';
import { type Execution, execute, type Handler, type Host, TaskError } from '../asl/interpreter.ts';
import { ask, localClient } from './local.ts';

/** The default window's cut. */
export const WINDOW = { bucketMs: 6_000, buckets: 10 };

/** Called around each call of the table, with the state's name: what they reject with, the Task fails with. */
export interface Hooks {
  readonly before?: ((state: string, operation: string, args: object) => Promise<void> | void) | undefined;
  readonly after?: ((state: string) => Promise<void> | void) | undefined;
}

export type Target = (payload: unknown) => Promise<unknown>;

export class Bench {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly store: DynamoDBOperatorStore;
  /** What a test has moved all clocks on by, milliseconds. */
  aheadMs = 0;
  readonly #clock: () => number;
  /** Ways out of states that were taken, `from → to`. */
  readonly taken = new Set<string>();

  readonly #layout: CircuitLayout;

  private constructor(tableName: string, clock: () => number, layout: CircuitLayout) {
    this.tableName = tableName;
    this.#clock = clock;
    this.#layout = layout;
    this.client = localClient(() => this.now());
    this.store = new DynamoDBOperatorStore({
      ...layout,
      tableName,
      client: this.client,
      clock: {
        now: () => this.now(),
        setTimer: (run, ms) => {
          const timer = setTimeout(run, ms);
          return { cancel: () => clearTimeout(timer) };
        },
      },
    });
  }

  /** Time stands still, unless another clock is given. */
  static async start(clock?: () => number, layout: CircuitLayout = {}): Promise<Bench> {
    const startMs = Date.now();
    const tableName = `workflow-${crypto.randomUUID()}`;
    const bench = new Bench(tableName, clock ?? (() => startMs), layout);
    await createTable(bench.client, { ...layout, tableName });
    return bench;
  }

  now(): number {
    return this.#clock() + this.aheadMs;
  }

  machine(props: Omit<WorkflowDefinitionProps, 'tableName'> = {}): StateMachine {
    return workflowDefinition({ ...this.#layout, tableName: this.tableName, ...props });
  }

  /** One execution. */
  run(
    machine: StateMachine,
    input: Record<string, unknown>,
    target: Target,
    { before, after, name, ...host }: Partial<Host> & Hooks & { readonly name?: string } = {},
  ): Promise<Execution> {
    return execute(
      machine,
      { targetLambda: 'target', ...input },
      {
        handlers: {
          'arn:aws:states:::dynamodb:getItem': this.#dynamodb('GetItem', { before, after }),
          'arn:aws:states:::dynamodb:updateItem': this.#dynamodb('UpdateItem', { before, after }),
          'arn:aws:states:::lambda:invoke': async ({ Payload }) => ({
            StatusCode: 200,
            Payload: await target(Payload),
          }),
        },
        now: () => this.now(),
        random: () => 0.5,
        newId: () => crypto.randomUUID(),
        sleep: async () => {},
        onStep: (from, to) => this.taken.add(`${from} → ${to}`),
        ...host,
      },
      name,
    );
  }

  #dynamodb(operation: string, { before, after }: Hooks): Handler {
    return async (args, state) => {
      await before?.(state, operation, args);
      try {
        const result = await ask(operation, args);
        await after?.(state);
        return result;
      } catch (error) {
        if (error instanceof TaskError) throw error;
        throw new TaskError(`DynamoDB.${(error as Error).name}`, (error as Error).message);
      }
    };
  }

  async record(name: string): Promise<CircuitRecord> {
    const [record] = await this.store.load([name], () => WINDOW, { consistent: true });
    return record as CircuitRecord;
  }

  /** The item as it lies in the table. */
  async item(name: string): Promise<Record<string, AttributeValue>> {
    const Key = { PK: { S: `CIRCUIT#${name}` }, SK: { S: 'STATE' } };
    const { Item = {} } = await this.client.send(
      new GetItemCommand({ TableName: this.tableName, Key, ConsistentRead: true }),
    );
    return Item;
  }

  /** Puts a record into the table as if its transitions had happened: these values, and those that every record has. */
  async put(name: string, values: Values): Promise<void> {
    const common = {
      schema: 1,
      epoch: 7,
      epochId: 'seven',
      sinceMs: this.now(),
      attempt: 0,
      settledOverride: 0,
      ...WINDOW,
    };
    const item = { PK: `CIRCUIT#${name}`, SK: 'STATE', ...common, ...values };
    await this.client.send(new PutItemCommand({ TableName: this.tableName, Item: attributes(item) }));
  }

  async history(name: string): Promise<string[]> {
    const entries: HistoryEntry[] = await this.store.history(name);
    return entries.reverse().map(({ epoch, from, to }) => `${epoch.number} ${from} → ${to}`);
  }

  override(name: string, mode: OverrideRequest['mode'], forMs?: number) {
    return this.store.override(name, {
      mode,
      by: 'ana',
      reason: 'test',
      ...(forMs !== undefined && { forMs }),
    });
  }

  close(): void {
    this.client.destroy();
  }
}

export type Values = { readonly [name: string]: string | number | Values };

function attributes(values: Values): Record<string, AttributeValue> {
  const attributeOf = (value: Values[string]): AttributeValue =>
    typeof value === 'string'
      ? { S: value }
      : typeof value === 'number'
        ? { N: `${value}` }
        : { M: attributes(value) };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, attributeOf(value)]));
}

export const works: Target = async (payload) => ({ paid: payload });

export const fails: Target = async () => {
  throw new TaskError('PaymentDown', '{"errorType":"PaymentDown","errorMessage":"no"}');
};
