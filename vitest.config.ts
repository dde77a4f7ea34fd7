import { defineConfig } from 'vitest/config';

/** Tests against a running DynamoDB Local or Redis. The others need nothing but Node, and start at once. */
const WITH_SERVICES = ['packages/*/test/{dynamodb,redis}/**/*.test.ts'];
/** Fleets of real processes on those, whose times the tests look at. */
const FLEETS = ['packages/*/test/race/**/*.test.ts'];
/** Tests in a Chromium, which they share. */
const IN_BROWSER = ['packages/*/test/browser/**/*.test.ts'];

/** Tests that replace a module (`vi.mock`): it must not have been loaded before, so each has a process of its own. */
const REPLACING = ['packages/switchgear/test/redis/{silence,valkey}.test.ts'];
/** Thousands of histories each; one of them replaces a module too. */
const SIMULATED = ['packages/simulator/test/{laws,cli,world}/**/*.test.ts'];

/** Real processes and a store behind a socket, on two cores. */
const REAL_TIME = { testTimeout: 60_000, hookTimeout: 60_000 };
const SERVICES = { ...REAL_TIME, globalSetup: 'packages/switchgear/test/services.ts' };

export default defineConfig({
  test: {
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
          ...SERVICES,
          name: 'replacing',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          include: REPLACING,
        },
      },
      {
        test: {
          ...SERVICES,
          name: 'services',
          // They wait for servers more than they compute.
          maxWorkers: 2,
          isolate: false,
          sequence: { groupOrder: 1 },
          include: WITH_SERVICES,
          exclude: REPLACING,
        },
      },
      {
        test: {
          ...SERVICES,
          name: 'fleets',
          // One after the other: beside a second one their times would be those of the machine.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          include: FLEETS,
        },
      },
      {
        test: {
          ...REAL_TIME,
          name: 'browser',
          // They wait for the page and for what happens in a fleet; none looks at how long that takes.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          include: IN_BROWSER,
          globalSetup: 'packages/console/test/browser/chromium.ts',
          // Nothing is replaced in them, and what they import takes longer to load than to use.
          isolate: false,
        },
      },
    ],
  },
});
