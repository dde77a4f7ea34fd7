import { defineConfig } from 'vitest/config';

/** Tests against a running DynamoDB Local or Redis. The others need nothing but Node, and start at once. */
const WITH_SERVICES = ['packages/*/test/{dynamodb,redis,race}/**/*.test.ts'];
/** Tests in a Chromium, which they share. */
const IN_BROWSER = ['packages/*/test/browser/**/*.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          maxWorkers: '100%',
          include: ['{packages,examples}/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'],
          exclude: [...WITH_SERVICES, ...IN_BROWSER],
        },
      },
      {
        test: {
          name: 'services',
          // Fleets of real processes, one after the other: beside a second one their times would be those of the machine.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          include: WITH_SERVICES,
          globalSetup: 'packages/switchgear/test/services.ts',
          // Real processes and a store behind a socket, on two cores.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          include: IN_BROWSER,
          globalSetup: 'packages/console/test/browser/chromium.ts',
          // Nothing is replaced in them, and what they import takes longer to load than to use.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
