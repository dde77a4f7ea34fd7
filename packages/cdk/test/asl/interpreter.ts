/**
 * Runs state machines of the Amazon States Language in JSONata, as much of it as this package emits. What it does not know it
 * refuses: a green test on a machine that nobody ran would be worse than none.
 */

import jsonata from 'jsonata';
import type {
  Assignments,
  Catcher,
  Json,
  Retrier,
  State,
  StateMachine,
  Task,
} from '../../src/workflow/asl.ts';

type Values = Record<string, unknown>;

/** How a Task failed, as `$states.errorOutput` has it. */
export class TaskError extends Error {
  override readonly name: string;

  constructor(name: string, cause = '') {
    super(cause);
    this.name = name;
  }
}

export type Handler = (args: Values, state: string) => Promise<unknown>;

export interface Host {
  /** What Tasks do, by `Resource`. */
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly now: () => number;
  readonly random: () => number;
  readonly newId: () => string;
  /** Waits before a Retry. */
  sleep(ms: number): Promise<void>;
  /** Rejects after so long; the Task that it was for may go on unheard. Absent: nothing takes too long. */
  timeout?(seconds: number): Promise<never>;
  /** Told of each step: which way out of a state was taken. */
  onStep?(from: string, to: string): void;
  /** What expressions gave, for who runs the same over and over at one moment: by the expression and all that it can see. */
  readonly memo?: Pick<Map<string, string>, 'get' | 'set'>;
}

export interface Execution {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  /** States in the order in which they were entered. */
  readonly path: readonly string[];
}

/** More states than any execution of ours enters. */
const MAX_STEPS = 200;

export async function execute(
  machine: StateMachine,
  input: unknown,
  host: Host,
  name = host.newId(),
): Promise<Execution> {
  const run = new Run(machine, structuredClone(input), host, name);
  try {
    return { status: 'SUCCEEDED', output: await run.toTheEnd(), path: run.path };
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    return { status: 'FAILED', error: error.name, cause: error.message, path: run.path };
  }
}

class Run {
  readonly path: string[] = [];
  readonly #machine: StateMachine;
  readonly #host: Host;
  readonly #context: Values;
  #variables: Values = {};

  constructor(machine: StateMachine, input: unknown, host: Host, name: string) {
    if (machine.QueryLanguage !== 'JSONata') throw new Error('speaks JSONata only');
    this.#machine = machine;
    this.#host = host;
    this.#context = { Execution: { Input: input, Name: name, Id: `express:${name}` } };
  }

  async toTheEnd(): Promise<unknown> {
    let current: string | undefined = this.#machine.StartAt;
    let input: unknown = (this.#context.Execution as Values).Input;
    while (current !== undefined) {
      const state = this.#machine.States[current];
      if (!state) throw new Error(`no state "${current}"`);
      if (this.path.push(current) > MAX_STEPS)
        throw new Error(`does not end: ${this.path.slice(-20).join(' → ')}`);
      const step: { next: string | undefined; output: unknown } = await this.#enter(current, state, input);
      if (step.next !== undefined) this.#host.onStep?.(current, step.next);
      input = step.output;
      current = step.next;
    }
    return input;
  }

  async #enter(name: string, state: State, input: unknown) {
    const states = { input, context: { ...this.#context, State: { Name: name } } };
    switch (state.Type) {
      case 'Task':
        return this.#task(name, state, states);
      case 'Choice': {
        for (const rule of state.Choices)
          if (await this.#condition(rule.Condition, states))
            return { next: rule.Next, output: await this.#leave(rule.Assign, undefined, states, input) };
        return { next: state.Default, output: await this.#leave(state.Assign, state.Output, states, input) };
      }
      case 'Succeed':
        return { next: undefined, output: await this.#leave(undefined, state.Output, states, input) };
      case 'Fail': {
        const [error, cause] = [
          await this.#value(state.Error, states),
          await this.#value(state.Cause, states),
        ];
        if (typeof error !== 'string' || typeof cause !== 'string')
          throw new TaskError('States.QueryEvaluationError');
        throw new TaskError(error, cause);
      }
      default:
        throw new Error(`no such type of state: ${JSON.stringify(state)}`);
    }
  }

  async #task(name: string, task: Task, states: Values) {
    const tries = new Map<Retrier, number>();
    for (;;)
      try {
        const result = await this.#attempt(name, task, states);
        const seen = { ...states, result };
        return { next: task.Next, output: await this.#leave(task.Assign, task.Output, seen, result) };
      } catch (error) {
        if (!(error instanceof TaskError)) throw error;
        const retrier = task.Retry?.find((one) => matches(one, error));
        const tried = retrier ? (tries.get(retrier) ?? 0) : 0;
        if (retrier && tried < (retrier.MaxAttempts ?? 3)) {
          tries.set(retrier, tried + 1);
          await this.#host.sleep(backoffMs(retrier, tried, this.#host.random()));
          continue;
        }
        const catcher = task.Catch.find((one) => matches(one, error));
        if (!catcher) throw error;
        const errorOutput = { Error: error.name, Cause: error.message };
        const seen = { ...states, errorOutput };
        return {
          next: catcher.Next,
          output: await this.#leave(catcher.Assign, catcher.Output, seen, errorOutput),
        };
      }
  }

  async #attempt(name: string, task: Task, states: Values): Promise<unknown> {
    const handler = this.#host.handlers[task.Resource];
    if (!handler) throw new Error(`no handler for ${task.Resource}`);
    const args = (await this.#value(task.Arguments, states)) as Values;
    const seconds = await this.#value(task.TimeoutSeconds ?? 60, states);
    if (!Number.isInteger(seconds) || Number(seconds) < 1)
      throw new TaskError('States.QueryEvaluationError', `TimeoutSeconds ${seconds}`);
    const { timeout } = this.#host;
    const answer = handler(structuredClone(args), name);
    return structuredClone(await (timeout ? Promise.race([answer, timeout(Number(seconds))]) : answer));
  }

  /** Assigns all at once, from the values before; gives the output. */
  async #leave(assign: Assignments = {}, output: Json | undefined, states: Values, otherwise: unknown) {
    const assigned = (await this.#value(assign, states)) as Values;
    const result = output === undefined ? otherwise : await this.#value(output, states);
    this.#variables = { ...this.#variables, ...assigned };
    return result;
  }

  async #condition(expression: string, states: Values): Promise<boolean> {
    const value = await this.#value(expression, states);
    if (typeof value !== 'boolean')
      throw new TaskError('States.QueryEvaluationError', `no boolean: ${expression}`);
    return value;
  }

  /** Evaluates each string that is all expression, and nothing within what it gives: data is never code. */
  async #value(template: Json, states: Values): Promise<unknown> {
    if (typeof template === 'string') {
      const [, expression] = /^\{%([\s\S]*)%\}$/.exec(template) ?? [];
      return expression === undefined ? template : this.#evaluate(expression, { ...this.#variables, states });
    }
    if (Array.isArray(template)) return Promise.all(template.map((part) => this.#value(part, states)));
    if (typeof template !== 'object' || template === null) return template;
    const values: Values = {};
    for (const [key, part] of Object.entries(template)) values[key] = await this.#value(part, states);
    return values;
  }

  async #evaluate(expression: string, variables: Values): Promise<unknown> {
    const { memo } = this.#host;
    if (!memo) return evaluate(expression, variables, this.#host);
    const key = expression + JSON.stringify(variables);
    const known = memo.get(key) ?? JSON.stringify(await evaluate(expression, variables, this.#host));
    memo.set(key, known);
    return JSON.parse(known);
  }
}

/** What a JSONata expression gives, with these variables beside the functions that Step Functions adds. */
export async function evaluate(
  text: string,
  variables: Values,
  { now, random, newId }: Pick<Host, 'now' | 'random' | 'newId'>,
): Promise<unknown> {
  const functions = { millis: now, random, uuid: newId, parse: (json: string) => JSON.parse(json) };
  let value: unknown;
  try {
    value = await compiled(text).evaluate(undefined, { ...functions, ...variables });
  } catch (error) {
    throw new TaskError('States.QueryEvaluationError', `${(error as Error).message} in ${text}`);
  }
  if (value === undefined) throw new TaskError('States.QueryEvaluationError', `undefined: ${text}`);
  // As JSON has it: JSONata's arrays bear marks of their own.
  return JSON.parse(JSON.stringify(value));
}

const expressions = new Map<string, jsonata.Expression>();

function compiled(text: string): jsonata.Expression {
  const known = expressions.get(text) ?? jsonata(text);
  expressions.set(text, known);
  return known;
}

/** `States.ALL` does not mean what the service itself gives up on. */
function matches({ ErrorEquals }: Retrier | Catcher, { name }: TaskError): boolean {
  const all = !['States.DataLimitExceeded', 'States.Runtime'].includes(name);
  return ErrorEquals.some(
    (wanted) =>
      wanted === name ||
      (wanted === 'States.ALL' && all) ||
      (wanted === 'States.TaskFailed' && all && name !== 'States.Timeout'),
  );
}

function backoffMs(retrier: Retrier, tried: number, chance: number): number {
  const {
    IntervalSeconds = 1,
    BackoffRate = 2,
    MaxDelaySeconds = Number.POSITIVE_INFINITY,
    JitterStrategy,
  } = retrier;
  const seconds = Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** tried);
  return seconds * 1_000 * (JitterStrategy === 'FULL' ? chance : 1);
}
