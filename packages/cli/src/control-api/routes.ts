/** Every route of the control API: what it takes, what it answers, and who may call it. */

import { createRoute, z } from '@hono/zod-openapi';
import { TRAFFIC_PATH } from './gate.ts';
import {
  circuitName,
  circuitSchema,
  circuitsSchema,
  conditionHeaders,
  healthSchema,
  historySchema,
  outageBody,
  overrideBody,
  overrideSchema,
  policyBody,
  policySchema,
  problemSchema,
  reasonBody,
  samplesSchema,
  trafficBody,
} from './schemas.ts';

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

const PROBLEMS = {
  400: json(problemSchema, 'The request is malformed; `detail` says what is allowed.'),
  401: json(problemSchema, 'No token, or one that nobody has.'),
  403: json(problemSchema, 'A viewer may not do this, or the request comes from a foreign page or host.'),
  502: json(problemSchema, 'The store failed; a change may have happened.'),
  504: json(problemSchema, 'No answer of the store in time; a change may have happened.'),
} as const;
const WRITE_PROBLEMS = {
  ...PROBLEMS,
  412: json(problemSchema, 'Somebody came first: nothing was changed.'),
  413: json(problemSchema, 'The body is too long.'),
  415: json(problemSchema, 'The body is no JSON.'),
  429: json(problemSchema, 'Too many changes; `Retry-After` says when.'),
} as const;

/** What a caller shows, where the server asks for it: docs/control-api.md. */
export const SECURITY_SCHEME = {
  type: 'http',
  scheme: 'bearer',
  description:
    "A viewer's token reads, an operator's changes things too, a reporter's tells of calls and does nothing else. Wanted where the server was given tokens: beyond loopback always. " +
    'Behind IAM requests are signed instead.',
} as const;
const security = [{ bearer: [] }];

const params = z.object({ name: circuitName });
const body = <S extends z.ZodType>(schema: S) => ({
  required: true,
  content: { 'application/json': { schema } },
});
const etag = z.object({
  ETag: z
    .string()
    .openapi({ description: "Version of the operators' latest word, for `If-Match`.", example: '"3"' }),
});
const circuit = json(circuitSchema, 'The circuit as it is now.');

export const listCircuits = createRoute({
  security,
  method: 'get',
  path: '/v1/circuits',
  summary: 'All circuits of the fleet, read now',
  responses: { 200: json(circuitsSchema, 'In the order of their names.'), ...PROBLEMS },
});

export const getCircuit = createRoute({
  security,
  method: 'get',
  path: '/v1/circuits/{name}',
  summary: 'One circuit, read now; one that was never written is closed',
  request: { params },
  responses: { 200: circuit, ...PROBLEMS },
});

export const putOverride = createRoute({
  security,
  method: 'put',
  path: '/v1/circuits/{name}/override',
  summary: 'Force a circuit open or closed, or disable it',
  request: { params, headers: conditionHeaders, body: body(overrideBody) },
  responses: { 200: circuit, ...WRITE_PROBLEMS },
});

export const getOverride = createRoute({
  security,
  method: 'get',
  path: '/v1/circuits/{name}/override',
  summary: 'The override in force',
  request: { params },
  responses: {
    200: { ...json(overrideSchema.nullable(), 'null: none is.'), headers: etag },
    ...PROBLEMS,
  },
});

export const deleteOverride = createRoute({
  security,
  method: 'delete',
  path: '/v1/circuits/{name}/override',
  summary: 'Release what is in force; forced-open ends into half-open',
  request: { params, headers: conditionHeaders, body: body(reasonBody) },
  responses: { 200: circuit, ...WRITE_PROBLEMS },
});

export const resetCircuit = createRoute({
  security,
  method: 'post',
  path: '/v1/circuits/{name}/reset',
  summary: 'Put a circuit into a fresh closed state, without override',
  request: { params, headers: conditionHeaders, body: body(reasonBody) },
  responses: { 200: circuit, ...WRITE_PROBLEMS },
});

export const announceRecovery = createRoute({
  security,
  method: 'post',
  path: '/v1/circuits/{name}/recovered',
  summary: 'The dependency says that it is well: an open circuit probes at once',
  request: { params, headers: conditionHeaders, body: body(reasonBody) },
  responses: { 200: circuit, ...WRITE_PROBLEMS },
});

export const announceOutage = createRoute({
  security,
  method: 'post',
  path: '/v1/circuits/{name}/outage',
  summary: 'The dependency says that it is down for a while: forced-open until then',
  request: { params, headers: conditionHeaders, body: body(outageBody) },
  responses: { 200: circuit, ...WRITE_PROBLEMS },
});

export const getHistory = createRoute({
  security,
  method: 'get',
  path: '/v1/circuits/{name}/history',
  summary: 'Transitions of a circuit, and what operators did with it',
  request: { params, query: z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100) }) },
  responses: { 200: json(historySchema, 'Newest first.'), ...PROBLEMS },
});

export const getPolicy = createRoute({
  security,
  method: 'get',
  path: '/v1/circuits/{name}/policy',
  summary: 'Settings stored with the circuit',
  request: { params },
  responses: {
    200: { ...json(policySchema.nullable(), 'null: none are stored; the code decides.'), headers: etag },
    ...PROBLEMS,
  },
});

export const putPolicy = createRoute({
  security,
  method: 'put',
  path: '/v1/circuits/{name}/policy',
  summary: 'Store settings, which processes take over at their next refresh',
  request: { params, headers: conditionHeaders, body: body(policyBody) },
  responses: { 200: circuit, ...WRITE_PROBLEMS },
});

export const deletePolicy = createRoute({
  security,
  method: 'delete',
  path: '/v1/circuits/{name}/policy',
  summary: 'Remove stored settings: the code decides again',
  request: { params, headers: conditionHeaders, body: body(reasonBody) },
  responses: { 200: circuit, ...WRITE_PROBLEMS },
});

export const getSamples = createRoute({
  security,
  method: 'get',
  path: '/v1/samples',
  summary: 'The recent past, as far as this server kept it',
  request: {
    query: z.object({
      circuit: circuitName.optional(),
      sinceMs: z.coerce.number().int().nonnegative().default(0),
    }),
  },
  responses: { 200: json(samplesSchema, 'Oldest first.'), ...PROBLEMS },
});

export const reportTraffic = createRoute({
  security,
  method: 'post',
  path: TRAFFIC_PATH,
  summary: 'A process tells how many calls it admitted, rejected and saw fail',
  description: 'For reporters and operators. What is told again is counted again.',
  request: { body: body(trafficBody) },
  responses: {
    204: { description: 'Taken.' },
    ...PROBLEMS,
    413: WRITE_PROBLEMS[413],
    415: WRITE_PROBLEMS[415],
    429: json(problemSchema, 'This process tells too often; `Retry-After` says when.'),
    501: json(problemSchema, 'This server takes no counts of calls.'),
    503: json(problemSchema, 'Too many processes or circuits are told of already.'),
  },
});

export const streamEvents = createRoute({
  security,
  method: 'get',
  path: '/v1/events',
  summary: 'Live changes as server-sent events: `circuit`, `transition`, `act`, `sample`, `reset`',
  description:
    '`circuit` carries a Circuit that changed, `transition` and `act` what happened to it, `sample` a Sample, `reset` nothing: ' +
    'events were missed, read everything anew. ' +
    'Each event has an id; `Last-Event-ID` resumes behind it.',
  request: { headers: z.object({ 'last-event-id': z.string().max(64).optional() }) },
  responses: {
    200: {
      description: 'A stream that does not end.',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...PROBLEMS,
    501: json(problemSchema, 'This server does not watch the store.'),
    503: json(problemSchema, 'Too many streams are open.'),
  },
});

export const getHealth = createRoute({
  security: [],
  method: 'get',
  path: '/v1/health',
  summary: 'Whether this server can read the store; needs no token',
  responses: {
    200: json(healthSchema, 'It can.'),
    403: PROBLEMS[403],
    503: json(healthSchema, 'It cannot.'),
  },
});

export const getMetrics = createRoute({
  security,
  method: 'get',
  path: '/metrics',
  summary: 'States and counts for Prometheus',
  responses: {
    200: { description: 'Text exposition format 0.0.4.', content: { 'text/plain': { schema: z.string() } } },
    ...PROBLEMS,
  },
});
