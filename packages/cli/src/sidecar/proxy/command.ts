import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { type BreakerOptions, type Duration, MemoryStore, Switchgear } from 'switchgear';
import { usageError } from '../../command/exit.ts';
import { note } from '../../command/terminal.ts';
import { type GearFlags, openGear, type SidecarGear, withGear } from '../gear.ts';
import { isLocal, parseListenAddress } from '../listen-address.ts';
import { serveUntilInterrupted } from '../serve-until-interrupted.ts';
import { createProxy } from './create-proxy.ts';
import { isFailedAnswer, type Route } from './exchange.ts';
import type { Fallback } from './fallback.ts';
import { Upstream } from './upstream.ts';

interface Flags extends GearFlags {
  readonly circuit: string;
  readonly upstream: string;
  readonly listen: string;
  readonly timeout?: Duration | false;
  readonly maxConcurrent?: number | false;
  readonly allowRemote?: true;
  readonly fallbackFile?: string;
  readonly fallbackBody?: string;
  readonly fallbackStatus: number;
  readonly fallbackType: string;
}

/** The lease of a probe covers its longest silence before the answer even where half of it has gone by on the way. */
const LEASE_MARGIN_MS = 1_000;
const LONGEST_LEASE_MS = 86_400_000;
/** Answers without a body, whose client would take one for the next answer. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

export function registerProxy(program: Command): void {
  withGear(program.command('proxy'))
    .description('put a circuit in front of an HTTP service: programs of any language change their base URL')
    .requiredOption('--circuit <name>', 'its name in the store')
    .requiredOption('--upstream <url>', 'the service: http or https, host and port, no path')
    .option('--listen <address>', 'where: <address>:<port> or unix:<path>', '127.0.0.1:4243')
    .option('--timeout <duration>', "the service's longest silence, like 2s, or off (default: 30s)", offOr)
    .option(
      '--max-concurrent <n>',
      'requests at the same time, or off (default: 10; more wait in line)',
      numberOrOff,
    )
    .option('--allow-remote', 'listen where other machines can reach it: whoever does may use it')
    .option('--fallback-body <text>', 'what is answered while the circuit is open')
    .option('--fallback-file <path>', 'the same, out of a file that is read at the start')
    .option('--fallback-status <code>', 'with that status, 200 to 599', status, 200)
    .option('--fallback-type <type>', 'and that Content-Type', mediaType, 'application/json')
    .action(runProxy);
}

async function runProxy(flags: Flags): Promise<void> {
  const address = parseListenAddress(flags.listen);
  const remote = !isLocal(address);
  if (remote && !flags.allowRemote)
    throw usageError(
      `--listen ${flags.listen} is open to other machines; add --allow-remote, or listen on 127.0.0.1`,
    );
  const fallback = await fallbackOf(flags);
  const upstream = new Upstream(flags.upstream);
  const opened = await openGear(flags);
  const { gear } = opened;
  const route: Route = { ...guarded(opened, flags), upstream, ...(fallback && { fallback }) };
  await gear.warm([flags.circuit]);
  if (remote) note(`switchgear: whoever reaches ${flags.listen} can send requests to ${upstream.origin}`);
  await serveUntilInterrupted(
    createProxy(route, { anyHost: remote || address.kind === 'unix' }),
    address,
    (url) => `switchgear proxy: ${url} to ${upstream.origin}, circuit ${flags.circuit}`,
  );
  upstream.close();
  await opened.close();
}

/** The circuit's breaker without its own timeout: that one cannot tell whose silence it is. */
function guarded({ gear, options }: SidecarGear, flags: Flags): Pick<Route, 'breaker' | 'timeoutMs'> {
  const { circuit, maxConcurrent } = flags;
  const environment: BreakerOptions = { ...options.defaults, ...options.circuits[circuit] };
  const timeout = flags.timeout ?? environment.timeout ?? '30s';
  // Checked as any breaker's is.
  const { timeout: timeoutMs } = new Switchgear({ store: new MemoryStore() }).breaker(circuit, {
    timeout,
  }).options;
  const leaseDuration =
    environment.leaseDuration ??
    (Number.isFinite(timeoutMs) ? Math.min(LONGEST_LEASE_MS, 2 * timeoutMs + LEASE_MARGIN_MS) : undefined);
  const breaker = gear.breaker(circuit, {
    timeout: false,
    isFailure: isFailedAnswer,
    ...(leaseDuration !== undefined && { leaseDuration }),
    ...(maxConcurrent !== undefined && { maxConcurrent }),
  });
  return { breaker, timeoutMs };
}

async function fallbackOf(flags: Flags): Promise<Fallback | undefined> {
  const { fallbackBody, fallbackFile, fallbackStatus, fallbackType } = flags;
  if (fallbackBody !== undefined && fallbackFile !== undefined)
    throw usageError('--fallback-body and --fallback-file: give one of them');
  const body = fallbackFile === undefined ? fallbackBody : await readFile(fallbackFile).catch(unreadable);
  if (body === undefined) return undefined;
  return { status: fallbackStatus, type: fallbackType, body: Buffer.from(body) };
}

function unreadable(error: Error): never {
  throw usageError(`--fallback-file: ${error.message}`);
}

function offOr(text: string): string | false {
  return text === 'off' ? false : text;
}

function numberOrOff(text: string): number | false {
  return text === 'off' ? false : Number(text);
}

function mediaType(text: string): string {
  if (/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[\t\x20-\x7e]*$/.test(text)) return text;
  throw new InvalidArgumentError('allowed: a media type, such as text/plain; charset=utf-8.');
}

function status(text: string): number {
  const code = Number(text);
  if (/^\d{3}$/.test(text) && code >= 200 && code <= 599 && !BODILESS.has(code)) return code;
  throw new InvalidArgumentError('allowed: 200 to 599, but for 204, 205 and 304, which have no body.');
}
