/** Executions of the workflow on DynamoDB Local, and the library on the same circuit. */

import {
  type AttributeValue,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { CircuitRecord, HistoryEntry, OverrideRequest } from 'switchgear';
import { createTable, DynamoDBOperatorStore } from 'switchgear/dynamodb';
import { inject } from 'vitest';
import type { StateMachine } from '../../src/workflow/asl.ts';
import { type WorkflowDefinitionProps, workflowDefinition } from '../../src/workflow/definition.ts';
import { type Execution, execute, type Handler, type Host, TaskError } from '../asl/interpreter.ts';

/** The default window's cut. */
export const WINDOW = { bucketMs: 6_000, buckets: 10 };

export type Target = (payload: unknown) => Promise<unknown>;

export class Bench {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly store: DynamoDBOperatorStore;
  /** How far all clocks are ahead of the machine's. */
  aheadMs = 0;
  /** Ways out of states that were taken, `from → to`. */
  readonly taken = new Set<string>();

  private constructor(client: DynamoDBClient, tableName: string) {
    this.client = client;
    this.tableName = tableName;
    this.store = new DynamoDBOperatorStore({
      tableName,
      client,
      clock: {
        now: () => this.now(),
        setTimer: (run, ms) => {
          const timer = setTimeout(run, ms);
          return { cancel: () => clearTimeout(timer) };
        },
      },
    });
  }

  static async start(): Promise<Bench> {
    const client = new DynamoDBClient({
      endpoint: inject('dynamodbEndpoint'),
      region: 'eu-central-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    });
    const tableName = `workflow-${crypto.randomUUID()}`;
    await createTable(client, { tableName });
    return new Bench(client, tableName);
  }

  now(): number {
    return Date.now() + this.aheadMs;
  }

  machine(props: Omit<WorkflowDefinitionProps, 'tableName'> = {}): StateMachine {
    return workflowDefinition({ tableName: this.tableName, ...props });
  }

  /** One execution. `store` stands before each call of the table: what it rejects with, the Task fails with. */
  run(
    machine: StateMachine,
    input: Record<string, unknown>,
    target: Target,
    { before, ...host }: Partial<Host> & { before?: (state: string) => Promise<void> | void } = {},
  ): Promise<Execution> {
    return execute(
      machine,
      { targetLambda: 'target', ...input },
      {
        handlers: {
          'arn:aws:states:::dynamodb:getItem': this.#dynamodb(GetItemCommand, before),
          'arn:aws:states:::dynamodb:updateItem': this.#dynamodb(UpdateItemCommand as never, before),
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
    );
  }

  #dynamodb(Command: typeof GetItemCommand, before?: (state: string) => Promise<void> | void): Handler {
    return async (args, state) => {
      await before?.(state);
      try {
        const { $metadata, ...result } = await this.client.send(new Command(args as never));
        return result;
      } catch (error) {
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

export const works: Target = async (payload) => ({ paid: payload });

export const fails: Target = async () => {
  throw new TaskError('PaymentDown', '{"errorType":"PaymentDown","errorMessage":"no"}');
};
