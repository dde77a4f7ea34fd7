/**
 * What the functions ask of AWS: to call another function, to run the workflow. The SDK's clients are those of the Lambda
 * runtime, so that nothing of them is bundled.
 */

export interface Cloud {
  /** Calls a function; rejects with its error, by name. */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
  /** Runs an execution to its end; rejects with its error, by name. */
  runWorkflow(stateMachineArn: string, input: unknown): Promise<unknown>;
}

interface InvokeAnswer {
  readonly FunctionError?: string;
  readonly Payload?: Uint8Array;
}
interface ExecutionAnswer {
  readonly status: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}
interface Client {
  send(command: object): Promise<unknown>;
}
type Sdk = Readonly<Record<string, new (input?: object) => object>>;

const load = (client: string) => import(`@aws-sdk/${client}`) as Promise<Sdk>;
const make = (sdk: Sdk, name: string, input?: object) => {
  const Class = sdk[name];
  if (!Class) throw new Error(`the runtime's SDK has no ${name}`);
  return new Class(input);
};

/** A function's error, as another sees it. Every failed call of a function counts against its circuit: `status`. */
export function remoteError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, status: 502 });
}

export const aws: Cloud = {
  async invoke(functionName, payload) {
    const sdk = await load('client-lambda');
    const input = { FunctionName: functionName, Payload: JSON.stringify(payload) };
    const client = make(sdk, 'LambdaClient') as Client;
    const answer = (await client.send(make(sdk, 'InvokeCommand', input))) as InvokeAnswer;
    const result: unknown = JSON.parse(new TextDecoder().decode(answer.Payload) || 'null');
    if (!answer.FunctionError) return result;
    const { errorType, errorMessage } = Object(result) as { errorType?: string; errorMessage?: string };
    throw remoteError(errorType ?? answer.FunctionError, errorMessage ?? '');
  },

  async runWorkflow(stateMachineArn, input) {
    const sdk = await load('client-sfn');
    const client = make(sdk, 'SFNClient') as Client;
    const command = make(sdk, 'StartSyncExecutionCommand', { stateMachineArn, input: JSON.stringify(input) });
    const answer = (await client.send(command)) as ExecutionAnswer;
    if (answer.status === 'SUCCEEDED') return JSON.parse(answer.output ?? 'null');
    throw remoteError(answer.error ?? answer.status, answer.cause ?? '');
  },
};
