/**
 * `npm run bench -- proxy`: requests per second through `switchgear proxy`, beside a bare proxy of `http-proxy-3`. Upstream and
 * proxies are processes of their own and take turns in short rounds.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { median } from './rounds.js';

/** Requests at the same time, each on a kept connection. */
const CONNECTIONS = 32;
const REQUESTS_PER_ROUND = 1_500;

/** Bytes sent and answered. */
const SCENARIOS = {
  'GET, answer of 1 KB': { method: 'GET', sent: 0, answered: 1_024 },
  'POST of 16 KB, answer of 16 KB': { method: 'POST', sent: 16_384, answered: 16_384 },
} as const;

type Scenario = (typeof SCENARIOS)[keyof typeof SCENARIOS];

export interface ProxyFigures {
  /** Requests per second: the median over the rounds. */
  readonly direct: number;
  readonly bare: number;
  readonly switchgear: number;
  /** `switchgear` to `bare`. The goal is 0.6. */
  readonly ratio: number;
}

export async function measureProxy(
  rounds: number,
  progress: (text: string) => void,
): Promise<Record<string, ProxyFigures>> {
  const children: ChildProcess[] = [];
  const start = async (script: string, ...args: string[]) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    return said(child, /http:\/\/127\.0\.0\.1:(\d+)/);
  };
  try {
    const [origin, direct] = await start('./proxy-process.js', 'upstream');
    const [, bare] = await start('./proxy-process.js', 'bare', origin);
    const command = ['proxy', '--store', 'memory:', '--circuit', 'upstream', '--upstream', origin];
    const places = ['--max-concurrent', `${CONNECTIONS}`, '--listen', '127.0.0.1:0'];
    const [, switchgear] = await start('../../packages/cli/bin/switchgear.js', ...command, ...places);
    const figures: Record<string, ProxyFigures> = {};
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      const rates = await rateInTurn({ direct, bare, switchgear }, scenario, rounds, (round) =>
        progress(`${name}, round ${round} of ${rounds}`),
      );
      figures[name] = { ...rates, ratio: rates.switchgear / rates.bare };
    }
    return figures;
  } finally {
    for (const child of children) child.kill();
  }
}

async function rateInTurn<Name extends string>(
  ports: Record<Name, number>,
  scenario: Scenario,
  rounds: number,
  onRound: (round: number) => void,
): Promise<Record<Name, number>> {
  const names = Object.keys(ports) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  // Round 0 warms up: it is run and not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const perSecond = await rate(ports[name], scenario);
      if (round > 0) samples.get(name)?.push(perSecond);
    }
    onRound(round);
  }
  return Object.fromEntries(
    names.map((name) => [name, Math.round(median(samples.get(name) ?? []))]),
  ) as Record<Name, number>;
}

/** Requests per second of one round. The client is as cheap as can be: it takes a core from those who are measured. */
async function rate(port: number, { method, sent, answered }: Scenario): Promise<number> {
  const head = `${method} /${answered} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nUser-Agent: bench\r\n`;
  const request = Buffer.from(
    `${head}${sent > 0 ? `Content-Type: text/plain\r\nContent-Length: ${sent}\r\n` : ''}\r\n${'x'.repeat(sent)}`,
  );
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      return socket;
    }),
  );
  let left = REQUESTS_PER_ROUND;
  const start = process.hrtime.bigint();
  await Promise.all(sockets.map((socket) => exchanges(socket, request, answered, () => left-- > 0)));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  for (const socket of sockets) socket.destroy();
  return REQUESTS_PER_ROUND / seconds;
}

/** One request after the other, as long as there is another. */
function exchanges(socket: Socket, request: Buffer, answered: number, another: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = '';
    /** Bytes of the body still to come; undefined before the head has ended. */
    let missing: number | undefined;
    const next = () => {
      head = '';
      missing = undefined;
      if (another()) socket.write(request);
      else resolve();
    };
    socket.on('data', (chunk) => {
      if (missing === undefined) {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!head.startsWith('HTTP/1.1 200 '))
          return reject(new Error(`an answer went wrong: ${head.slice(0, 200)}`));
        missing = answered - (head.length - end - 4);
      } else missing -= chunk.length;
      if (missing === 0) next();
    });
    socket.once('close', () => reject(new Error('a connection was closed')));
    next();
  });
}

/** What a child says of itself, and the port in it. */
async function said(child: ChildProcess, what: RegExp): Promise<[string, number]> {
  let heard = '';
  // Its end of the pipe stays open: a process that cannot write any more would go.
  for await (const chunk of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    heard += chunk;
    const [all, port] = what.exec(heard) ?? [];
    if (all) return [all, Number(port)];
  }
  throw new Error(`a process ended and had said only: ${heard}`);
}
