import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests against a running DynamoDB Local or Redis. The others need nothing but Node, and start at once. */
const WITH_SERVICES = ['packages/*/test/{dynamodb,redis}/**/*.test.ts'];
/** Fleets of real processes on those. */
const FLEETS = ['packages/*/test/race/**/*.test.ts'];
/** Those of them that look at no time: a second one beside them makes them slower and no more. */
const PATIENT = [
  'packages/cdk/test/race/mixed.test.ts',
  'packages/switchgear/test/race/{clocks,lambda-environments,lambda-fleet}.test.ts',
];
/** Tests in a Chromium, which they share. */
const IN_BROWSER = ['packages/*/test/browser/**/*.test.ts'];
/** Tests that replace a module (`vi.mock`): it must not have been loaded before, so each has a process of its own. */
const REPLACING = ['packages/switchgear/test/redis/{silence,valkey}.test.ts'];
/** Thousands of histories each; one of them replaces a module too. */
const SIMULATED = ['packages/simulator/test/{laws,cli,world}/**/*.test.ts'];

/** What takes longest, and begins first: what is left at the end is short, and no core waits for another. */
const LONG = [
  /laws\/(laws-\d|mutations)\.test/,
  /(verify-aws|rights|functions|interleavings)\.test/,
  /(dynamodb|redis)\/(conformance|command|faults|silence|valkey|check)\.test/,
  /(hostile|examples|constructs|proxy-streams|operate|accessible)\.test/,
];

class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ project, moduleId }: TestSpecification) => [
      project.config.sequence.groupOrder,
      // Files of one project stand together: they share their processes.
      project.name,
      LONG.some((long) => long.test(moduleId)) ? 0 : 1,
    ];
    const sorted = await super.sort(files);
    return sorted
      .map((file) => [JSON.stringify(place(file)), file] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([, file]) => file);
  }
}

/** Real processes and a store behind a socket, on two cores. */
const REAL_TIME = { testTimeout: 60_000, hookTimeout: 60_000 };
const SERVICES = { ...REAL_TIME, globalSetup: 'packages/switchgear/test/services.ts' };
/** They wait for servers more than they compute: three at once keep two cores busy. */
const WAITING = { maxWorkers: 3, isolate: false, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    sequence: { sequencer: LongOnesFirst },
    projects: [
      {
        test: {
          name: 'pure',
          testTimeout: 60_000,
          maxWorkers: '100%',
          // A process and its modules for each file would cost as much as what they test.
          isolate: false,
          include: ['{packages,examples}/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'],
          exclude: [...WITH_SERVICES, ...FLEETS, ...IN_BROWSER, ...SIMULATED],
        },
      },
      {
        test: {
          name: 'simulated',
          // On a machine that may have others' work too.
          testTimeout: 60_000,
          maxWorkers: '100%',
          include: SIMULATED,
        },
      },
      {
        test: {
          ...REAL_TIME,
          name: 'browser',
          // By themselves: a page beside busy servers shows what is slow, not what is wrong.
          maxWorkers: 2,
          isolate: false,
          sequence: { groupOrder: 4 },
          include: IN_BROWSER,
          globalSetup: 'packages/console/test/browser/chromium.ts',
        },
      },
      {
        test: {
          ...SERVICES,
          ...WAITING,
          name: 'services',
          include: WITH_SERVICES,
          exclude: REPLACING,
        },
      },
      {
        test: {
          ...SERVICES,
          name: 'apart',
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          include: [...REPLACING, ...PATIENT],
        },
      },
      {
        test: {
          ...SERVICES,
          name: 'fleets',
          // One after the other: beside a second one their times would be those of the machine.
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
          include: FLEETS,
          exclude: PATIENT,
        },
      },
    ],
  },
});
