/** A deployed function with everything around it: its circuit, its dependency, its way to DynamoDB Local. */

import { afterAll, test as base, beforeAll, expect, inject, vi } from 'vitest';
import type { CircuitRecord, HistoryEntry } from '../../../src/index.ts';
import { Bed, LAYOUTS } from '../../dynamodb/emulators.ts';
import { Dependency } from '../../race/dependency.ts';
import { bundled } from './bundle.ts';
import type { Environment } from './environment.ts';
import { type FunctionOptions, Lambda } from './lambda.ts';
import { StoreLink } from './store-link.ts';
import { World } from './world.ts';

/** Here the store is to answer, however busy the machine: what a function does otherwise is another test's matter. */
const PATIENT = {
  GEAR: JSON.stringify({ storeTimeout: '5s' }),
  LAMBDA: JSON.stringify({ flushTimeout: '5s' }),
};

let bed: Bed;
const builds = new World();
let handler: string;

beforeAll(async () => {
  [bed, handler] = await Promise.all([
    Bed.on(inject('dynamodbEndpoint'), LAYOUTS['single table']),
    bundled('payments', builds),
  ]);
});

afterAll(() => {
  bed.close();
  builds.end();
});

/** What the function answers. */
export interface Answer {
  readonly outcomes: readonly string[];
  readonly state: string;
  readonly pid: number;
  readonly requestIds: readonly string[];
  readonly tookMs: number;
  readonly storeErrors: readonly string[];
}

/** A function of its own circuit, its dependency and its way to the store. */
export class Scene {
  readonly world: World;
  readonly circuit: string;
  readonly dependency: Dependency;
  readonly link: StoreLink;
  readonly lambda: Lambda;

  private constructor(parts: Pick<Scene, 'world' | 'circuit' | 'dependency' | 'link' | 'lambda'>) {
    this.world = parts.world;
    this.circuit = parts.circuit;
    this.dependency = parts.dependency;
    this.link = parts.link;
    this.lambda = parts.lambda;
  }

  static async with(
    options: Partial<FunctionOptions> = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<Scene> {
    const world = new World();
    const circuit = `payments-${crypto.randomUUID()}`;
    const dependency = await Dependency.start();
    const link = await StoreLink.to(inject('dynamodbEndpoint'), world);
    const lambda = await Lambda.deploy({
      world,
      handler,
      env: {
        STORE: link.url,
        TABLE: bed.options.tableName,
        CIRCUIT: circuit,
        DEPENDENCY: dependency.url,
        ...PATIENT,
        ...env,
      },
      ...options,
    });
    return new Scene({ world, circuit, dependency, link, lambda });
  }

  async invoke(event: object = {}, environment?: Environment): Promise<Answer> {
    const outcome = await this.lambda.invoke(event, environment).outcome;
    if (outcome.how !== 'answered') throw new Error(`not answered: ${JSON.stringify(outcome)}`);
    return outcome.value as Answer;
  }

  /** An environment that has been used, and is stopped. */
  async used(): Promise<Environment> {
    const environment = this.lambda.start();
    expect(await this.invoke({}, environment)).toMatchObject({ outcomes: ['ok'], state: 'closed' });
    await environment.stopped();
    return environment;
  }

  /** Another environment trips the circuit. */
  async tripElsewhere(): Promise<void> {
    this.dependency.status = 503;
    expect(await this.invoke({ times: 3 }, this.lambda.start(PATIENT))).toMatchObject({ state: 'open' });
    this.dependency.status = 200;
    this.dependency.forget();
  }

  async record(): Promise<CircuitRecord> {
    const window = () => ({ bucketMs: 6_000, buckets: 10 });
    const [record] = await bed.store().load([this.circuit], window, { consistent: true });
    return record as CircuitRecord;
  }

  /** Waits until `n` calls have arrived at the dependency. */
  arrived(n: number): Promise<void> {
    const check = () => expect(this.dependency.arrivals.length).toBeGreaterThanOrEqual(n);
    return vi.waitFor(check, { timeout: 20_000, interval: 5 });
  }

  /** The transitions that happened, in the order of epochs. */
  async history(): Promise<string[]> {
    const entries: HistoryEntry[] = await bed.store().history(this.circuit);
    return entries.reverse().map(({ from, to }) => `${from} → ${to}`);
  }

  async failures(): Promise<number> {
    return Object.values((await this.record()).evidence).reduce((sum, { failures }) => sum + failures, 0);
  }

  async end(): Promise<void> {
    this.dependency.release();
    await this.lambda.end();
    await Promise.all([this.link.end(), this.dependency.stop()]);
    this.world.end();
  }
}

/** A test with a scene of its own, which ends with it. */
export const test = base.extend<{ scene: (...options: Parameters<typeof Scene.with>) => Promise<Scene> }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from it that nothing else is needed
  scene: async ({}, use) => {
    const scenes: Scene[] = [];
    await use(async (...options) => {
      const scene = await Scene.with(...options);
      scenes.push(scene);
      return scene;
    });
    await Promise.all(scenes.map((scene) => scene.end()));
  },
});
