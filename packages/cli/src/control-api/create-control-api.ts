import { setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { timeout } from 'hono/timeout';
import { type Clock, type OperatorStore, systemClock } from 'switchgear';
import type { Authenticate } from './access.ts';
import { type Audit, auditLine } from './audit.ts';
import { Changes } from './changes.ts';
import { consoleFiles } from './console-files.ts';
import { type Hosts, onlyCallers, onlyHosts, onlyOwnPages, type Passed, TRAFFIC_PATH } from './gate.ts';
import { mountRoutes } from './handlers.ts';
import { EventLog } from './live/event-log.ts';
import { SampleSeries } from './live/sample-series.ts';
import { MAX_STREAMS } from './live/stream.ts';
import { ToldTraffic } from './live/told-traffic.ts';
import { type Load, Watcher } from './live/watcher.ts';
import { answerTo, invalidRequest, Refusal } from './problem.ts';
import { SECURITY_SCHEME } from './routes.ts';
import { WriteLimit } from './write-limit.ts';

export interface ControlApiOptions {
  /** Whose circuits are shown and changed. It stays open when the control API closes. */
  readonly store: OperatorStore;
  /**
   * Who sends a request. Default: whoever asks is an operator, which is right on loopback alone, and `hosts` holds requests to
   * that. `bearerTokens` asks for a token.
   */
  readonly auth?: Authenticate;
  /** Names under which this server may be asked for, without port. Default: those of loopback. `any`: something before it checks. */
  readonly hosts?: Hosts;
  /** Who acts where neither `auth` nor the request's header `Switchgear-By` says: 1 to 64 characters. Default: `control-api`. */
  readonly by?: string;
  /** Folder of the built console, served at `/`. Default: the one of this package. */
  readonly console?: string;
  /**
   * Calls let through, turned away and failed since it was last asked, by circuit: samples show them beside what the store knows.
   * Default: what processes tell (`reportTraffic` of `switchgear/telemetry`); beside other counts that is refused.
   */
  readonly samples?: Load;
  /**
   * Whether it watches the store, for events and samples: a reading of all circuits per second while somebody listens, per ten
   * seconds while nobody does. Default true; false in a Lambda, which is frozen between requests.
   */
  readonly live?: boolean;
  /** Takes an entry for every change. Default: a line of JSON on stderr. */
  readonly audit?: Audit;
  /** Time, replaced in tests. */
  readonly clock?: Clock;
}

export interface ControlApi {
  /** For any platform of Hono: `app.fetch`, or `handle(app)` of `hono/aws-lambda`. */
  readonly app: OpenAPIHono<Passed>;
  /** Ends streams and stops watching the store. */
  close(): Promise<void>;
}

/** Events kept for those who come back: some minutes of a lively fleet. */
const KEPT_EVENTS = 4_096;
/** Changes at once, and per second for ever: more is a script gone wrong. */
const WRITE_BURST = 60;
const WRITES_PER_SECOND = 1;
const MAX_BODY_BYTES = 16_384;
/** Some hundred circuits at once. */
const MAX_REPORT_BYTES = 65_536;
/** A store that hangs must not hang its callers. */
const ANSWER_WITHIN_MS = 10_000;

const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  workerSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/**
 * The control API of a fleet: its circuits, their history, overrides and policies over HTTP, live events, metrics, and the console.
 * One instance may serve any number of requests at the same time. Cost: a listing is one `list` and one consistent read per 100
 * circuits; a change what the operator's act costs, and a read.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) for a store without the verbs of operators.
 *
 * @example
 * const { app, close } = createControlApi({ store });
 * serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 4280 });
 */
export function createControlApi(options: ControlApiOptions): ControlApi {
  const {
    store,
    auth = () => ({ role: 'operator' }),
    hosts,
    by = 'control-api',
    samples,
    live = true,
    audit = auditLine,
    clock = systemClock,
  } = options;
  const changes = new Changes(store, audit);
  const series = new SampleSeries();
  const log = new EventLog(KEPT_EVENTS);
  const closing = new AbortController();
  // Each stream listens; Node takes more than ten for a leak.
  setMaxListeners(MAX_STREAMS, closing.signal);
  const told = live && !samples ? new ToldTraffic(clock) : undefined;
  const load = samples ?? (told && (() => told.drain()));
  const watcher = live ? new Watcher({ store, clock, log, series, load }) : undefined;
  const callers = onlyCallers(auth, new WriteLimit(clock, WRITE_BURST, WRITES_PER_SECOND));

  const app = new OpenAPIHono<Passed>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error);
    },
  });
  app.onError(answerTo);
  app.notFound((c) => answerTo(new Refusal(404, 'NO_SUCH_PATH', 'nothing is here; see /openapi.json'), c));
  app.use(
    secureHeaders({
      contentSecurityPolicy: POLICY,
      xFrameOptions: 'DENY',
      // Whether it is reached over TLS is the business of what stands before it.
      strictTransportSecurity: false,
    }),
    onlyHosts(hosts),
  );
  for (const path of ['/v1/*', '/metrics', '/openapi.json'])
    app.use(path, onlyOwnPages, async (c, next) => {
      c.header('cache-control', 'no-store');
      if (c.req.path === '/v1/health') await next();
      else return callers(c, next);
    });
  app.use('/v1/circuits/*', noLongerThan(MAX_BODY_BYTES));
  app.use(TRAFFIC_PATH, noLongerThan(MAX_REPORT_BYTES));
  for (const path of ['/v1/circuits', '/v1/circuits/*', '/v1/health', '/metrics'])
    app.use(path, timeout(ANSWER_WITHIN_MS));

  mountRoutes(app, {
    store,
    clock,
    changes,
    series,
    live: watcher && { log, watcher, clock, closing: closing.signal },
    told,
    authorOf: (c) => c.get('caller').by ?? declaredName(c) ?? by,
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', SECURITY_SCHEME);
  app.doc31('/openapi.json', { openapi: '3.1.0', info: INFO });
  const files = consoleFiles(options.console ?? fileURLToPath(new URL('../console', import.meta.url)));
  app.get('*', async (c, next) => {
    const file = files.get(c.req.path);
    if (file) return c.body(file.body, 200, file.headers);
    if (c.req.path === '/') return c.text('The console is not built here. The API: /openapi.json\n');
    await next();
  });

  return {
    app,
    async close() {
      closing.abort();
      await watcher?.close();
    },
  };
}

const INFO = {
  title: 'Switchgear control API',
  version: '1',
  description:
    "A fleet's circuits: see them, force them, change their settings. Names in paths are URL-encoded. Changes name their author " +
    'in the header `Switchgear-By` (URL-encoded, up to 64 characters), where the server does not know him anyway.',
};

function noLongerThan(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new Refusal(413, 'BODY_TOO_LONG', `the body is too long; allowed: ${maxSize} bytes`);
    },
  });
}

/** Whom the request names as its author: a courtesy among those who share a token, no proof. */
function declaredName(c: Context): string | undefined {
  const header = c.req.header('switchgear-by')?.trim();
  if (!header) return undefined;
  try {
    return decodeURIComponent(header);
  } catch {
    throw new Refusal(400, 'INVALID_REQUEST', 'Switchgear-By is not usable; allowed: a URL-encoded name');
  }
}
