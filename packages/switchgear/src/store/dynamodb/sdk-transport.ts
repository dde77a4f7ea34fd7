/** The AWS SDK's client behind the seam. Loaded with the first call, so that a process without one needs no SDK. */

import {
  BatchGetItemCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  QueryCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Answer, DynamoDBTransport, Operation, Operations } from './transport.ts';

const COMMANDS: Record<Operation, typeof UpdateItemCommand> = {
  BatchGetItem: BatchGetItemCommand as never,
  DescribeTimeToLive: DescribeTimeToLiveCommand as never,
  Query: QueryCommand as never,
  UpdateItem: UpdateItemCommand,
};

/** What the SDK's promise fulfils with here: the answer, its time stamp, or how sending it failed. */
interface Outcome {
  readonly dateMs?: number;
  readonly failure?: unknown;
}

export interface SdkOptions {
  readonly client?: DynamoDBClient | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
}

export class SdkTransport implements DynamoDBTransport {
  readonly #client: DynamoDBClient;
  readonly #owned: boolean;

  constructor({ client, region, endpoint }: SdkOptions) {
    this.#owned = !client;
    this.#client =
      client ??
      new DynamoDBClient({
        ...(region && { region }),
        ...(endpoint && { endpoint }),
        // One more try for reads: after a thaw the kept-alive connection is dead. Writes get none, see below.
        maxAttempts: 2,
        requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
      });
  }

  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    sending: () => void,
  ): Promise<Answer<O>> {
    // The compiler cannot see that input and command belong together, so all pass as the one that writes.
    const command = new COMMANDS[operation](input as UpdateItemCommandInput);
    // Innermost of the stack, so inside every retry: a write's failure passes out as if it were an answer, and no retry
    // strategy sees it, whatever client was handed in.
    command.middlewareStack.add(
      (next) => async (request) => {
        // Loading the SDK, credentials and earlier attempts lie behind: a second and more in a cold start.
        sending();
        try {
          const { response, output = { $metadata: {} } } = await next(request);
          const { date } = (response as { headers?: Record<string, string> }).headers ?? {};
          return { response, output: Object.assign(output, date && { dateMs: Date.parse(date) }) };
        } catch (failure) {
          if (operation !== 'UpdateItem') throw failure;
          return { response: undefined, output: Object.assign({ $metadata: {} }, { failure }) };
        }
      },
      { step: 'deserialize', priority: 'high', name: 'switchgearAnswer' },
    );
    // With options, even none, the client takes no handler out of its cache: that one would lack the middleware.
    const { dateMs, failure, ...output } = (await this.#client.send(command, {})) as Outcome;
    if (failure) throw failure;
    return { output: output as Operations[O]['output'], dateMs };
  }

  region(): Promise<string> {
    return this.#client.config.region();
  }

  close(): void {
    if (this.#owned) this.#client.destroy();
  }
}
