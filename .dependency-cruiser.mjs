// Who may import what. ARCHITECTURE.md draws it.

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-is-pure',
      comment: 'the state machine knows no clock, no store, no Node',
      severity: 'error',
      from: { path: '^packages/switchgear/src/core/' },
      to: { pathNot: '^packages/switchgear/src/core/' },
    },
    {
      name: 'stores-know-the-contract',
      comment: 'a store imports core, the contract and its own SDK, never the breaker',
      severity: 'error',
      from: { path: '^packages/switchgear/src/store/' },
      to: {
        path: '^packages/switchgear/src/(breaker|call|permit|switchgear|circuit|guard|operate|config|testing|index)',
      },
    },
    {
      name: 'the-breaker-knows-no-store',
      comment: 'only the registry may fall back to the memory store',
      severity: 'error',
      from: { path: '^packages/switchgear/src/(breaker|call|permit|circuit|guard)' },
      to: { path: '^packages/switchgear/src/store/(memory|dynamodb|redis)/' },
    },
    {
      name: 'the-library-runs-anywhere',
      comment: 'the main entry is free of Node and of dependencies; subpaths may have theirs',
      severity: 'error',
      from: {
        path: '^packages/switchgear/src/',
        pathNot:
          '^packages/switchgear/src/(testing|store/dynamodb|config|undici|axios|aws-sdk|lambda|middy|opentelemetry)/',
      },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-peer', 'npm-optional'] },
    },
    {
      name: 'guards-cost-only-their-users',
      comment: 'the main entry does not load what surrounds a call beside the breaker',
      severity: 'error',
      from: { path: '^packages/switchgear/src/[^/]+[.]ts$' },
      to: {
        path: '^packages/switchgear/src/(guard/(?!bulkhead|classify|deadline|on-abort|trace-of)|fetch|undici|axios|aws-sdk|lambda|middy|telemetry|opentelemetry)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'operators-cost-only-their-users',
      comment: 'what makes calls does not load what operators do',
      severity: 'error',
      from: {
        path: '^packages/switchgear/src/',
        pathNot: '^packages/switchgear/src/(operate|config|store/dynamodb/index)',
      },
      to: {
        path: '^packages/switchgear/src/(operate/|store/dynamodb/operator-store)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'packages-by-their-face',
      comment: 'packages see each other through public subpaths only',
      severity: 'error',
      from: { path: '^(packages|examples)/([^/]+)/' },
      to: { path: '^packages/([^/]+)/src/', pathNot: '^packages/$2/' },
    },
    {
      name: 'the-simulator-runs-in-browsers',
      comment: 'its main entry knows the library and nothing else; the command line beside it is for Node',
      severity: 'error',
      from: { path: '^packages/simulator/src/' },
      to: { pathNot: '^packages/(simulator/src|switchgear/dist)/' },
    },
    {
      name: 'the-console-is-a-page',
      comment: 'what it runs, a browser runs',
      severity: 'error',
      from: { path: '^packages/console/src/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'control-api-runs-in-a-lambda',
      comment: 'the control API is an app without terminal and server',
      severity: 'error',
      from: { path: '^packages/cli/src/(control-api|circuits)/' },
      to: {
        path: '^packages/cli/src/(?!control-api/|circuits/)|@hono/node-server|commander',
      },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.test.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
