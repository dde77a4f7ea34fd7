/** `check` on servers that are right, and on servers, users and clients that are wrong in one way each. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import type { StoreProblem } from '../../src/index.ts';
import { type RedisClient, RedisStore } from '../../src/store/redis/index.ts';
import {
  CLIENTS,
  CLUSTER_CLIENTS,
  cluster,
  command,
  listening,
  newPrefix,
  type Servers,
  standalone,
  until,
} from './servers.ts';

const run = promisify(execFile);
const MAKERS = Object.entries(CLIENTS) as [string, (port: number, more?: object) => RedisClient][];
const CLUSTER_MAKERS = Object.entries(CLUSTER_CLIENTS) as [string, (port: number) => RedisClient][];

let servers: Servers;
let nodes: Servers;
let port: number;
beforeAll(async () => {
  [servers, nodes] = await Promise.all([standalone('--repl-diskless-sync-delay', '0'), cluster()]);
  port = servers.ports[0];
});
afterAll(() => Promise.all([servers.stop(), nodes.stop()]));

async function check(client: RedisClient, more: object = {}): Promise<StoreProblem[]> {
  const store = new RedisStore({ client, prefix: newPrefix(), ...more });
  try {
    return await store.check();
  } finally {
    await store.close();
  }
}

const error = (what: RegExp, mend: RegExp) => ({
  severity: 'error',
  what: expect.stringMatching(what),
  mend: expect.stringMatching(mend),
});
const warning = (what: RegExp, mend: RegExp) => ({ ...error(what, mend), severity: 'warning' });

describe('a server that is right', () => {
  it.each(MAKERS)('has no problems: %s', async (_, client) => {
    expect(await check(client(port))).toEqual([]);
  });

  it('keeps nothing that does not expire, lists no circuit and tells no listener', async () => {
    const prefix = newPrefix();
    const store = await listening({ client: CLIENTS['ioredis 6'](port), prefix }, servers);
    const told: unknown[] = [];
    store.subscribe((record) => told.push(record));
    expect(await store.check()).toEqual([]);
    expect(await store.list()).toEqual([]);
    const keys = (await command(port, 'KEYS', `*${prefix}*`)).split('\n');
    expect(keys).toHaveLength(16);
    for (const key of keys) expect(Number(await command(port, 'PTTL', key))).toBeGreaterThan(0);
    expect(told).toEqual([]);
    await store.close();
  });

  it.each(CLUSTER_MAKERS)(
    'as a Cluster, and each node is asked whether it may evict an override: %s',
    async (_, client) => {
      expect(await check(client(nodes.ports[0]))).toEqual([]);
      for (const node of nodes.ports) {
        await command(node, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
        expect(await check(client(nodes.ports[0]))).toEqual([
          warning(/allkeys-lru.*override/, /volatile-ttl/),
        ]);
        await command(node, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      }
    },
  );
});

describe('the client does not fit the server', () => {
  it.each(MAKERS)('a client for one server on a Cluster: %s', async (_, client) => {
    const problems = await check(client(nodes.ports[0]));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toEqual(error(/MOVED/, /use a client for one/));
  });

  it.each(CLUSTER_MAKERS)('a client for a Cluster on one server: %s', async (_, client) => {
    expect(await check(client(port))).toEqual([
      error(/not connected/, /no Cluster, use a client for one server/),
    ]);
  });

  it.each(MAKERS)('nobody listens: %s', async (_, client) => {
    expect(await check(client(1))).toEqual([error(/not connected/, /nothing listens there/)]);
  });
});

describe('users', () => {
  const rights = [
    ...[
      '+@connection',
      '+info',
      '+evalsha',
      '+eval',
      '+hgetall',
      '+hmget',
      '+hset',
      '+hincrby',
      '+hdel',
      '+time',
    ],
    ...'+persist +pexpireat +pexpire +lpush +ltrim +lrange +sadd +smembers +publish +subscribe'.split(' '),
  ];
  let users = 0;

  async function checkAs(client: (port: number, more: object) => RedisClient, ...rules: string[]) {
    const prefix = newPrefix();
    const username = `user-${users++}`;
    const words = rules.map((rule) => rule.replace('PREFIX', prefix));
    await command(port, 'ACL', 'SETUSER', username, 'on', '>secret', 'resetchannels', ...words);
    return check(client(port, { username, password: 'secret' }), { prefix });
  }
  const keys = ['~{PREFIX:*', '~PREFIX:directory', '&PREFIX:changes'];

  describe.each(MAKERS)('%s', (_, client) => {
    it('the rights of docs/redis.md suffice', async () => {
      expect(await checkAs(client, ...keys, ...rights)).toEqual([]);
    });

    it('a wrong password', async () => {
      const problems = await check(client(port, { username: 'nobody', password: 'wrong' }));
      expect(problems).toEqual([error(/WRONGPASS/, /mend user name and password/)]);
    });

    it('no password where one is needed', async () => {
      const locked = await standalone('--requirepass', 'secret');
      expect(await check(client(locked.ports[0]))).toEqual([error(/NOAUTH/, /give the client a password/)]);
      expect(await check(client(locked.ports[0], { password: 'secret' }))).toEqual([]);
      await locked.stop();
    });

    it('commands that are not allowed are named together', async () => {
      const problems = await checkAs(client, ...keys, ...rights, '-hset', '-sadd');
      expect(problems).toEqual([error(/^HSET, SADD: /, /docs\/redis\.md/)]);
    });

    it('no scripts', async () => {
      expect(await checkAs(client, ...keys, ...rights, '-eval')).toEqual([
        error(/EVAL.*NOPERM/, /docs\/redis\.md/),
      ]);
      expect(await checkAs(client, ...keys, ...rights, '-evalsha')).toEqual([
        error(/EVALSHA|load/, /docs\/redis\.md/),
      ]);
    });

    it('keys of another prefix', async () => {
      const [problem] = await checkAs(client, '~other:*', '&PREFIX:changes', ...rights);
      expect(problem).toEqual(error(/NOPERM/, /docs\/redis\.md/));
    });

    it('not the directory', async () => {
      const problems = await checkAs(client, '~{PREFIX:*', '&PREFIX:changes', ...rights);
      expect(problems).toEqual([error(/PERSIST.*NOPERM/, /docs\/redis\.md/)]);
    });

    it('not the channel: circuits are shared, only later', async () => {
      const problems = await checkAs(client, '~{PREFIX:*', '~PREFIX:directory', ...rights);
      expect(problems).toHaveLength(2);
      expect(problems).toEqual([
        warning(/PUBLISH/, /within cacheTtl/),
        warning(/SUBSCRIBE.*NOPERM/, /within cacheTtl/),
      ]);
    });

    it('not INFO: what cannot be seen is said', async () => {
      const problems = await checkAs(client, ...keys, ...rights, '-info');
      expect(problems).toContainEqual(warning(/INFO/, /allow INFO, or see for yourself/));
    });
  });
});

describe('servers', () => {
  it.each(MAKERS)('a replica: %s', async (_, client) => {
    const replica = await standalone('--replicaof', '127.0.0.1', String(port));
    await until(async () => (await command(replica.ports[0], 'ROLE')).includes('connected'));
    const problems = await check(client(replica.ports[0]));
    expect(problems[0]).toEqual(error(/^HSET.*READONLY/, /connect to the primary/));
    expect(problems.every(({ mend }) => /connect to the primary/.test(mend))).toBe(true);
    await replica.stop();
  });

  it.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])('maxmemory-policy %s', async (policy) => {
    const evicting = await standalone('--maxmemory-policy', policy);
    expect(await check(CLIENTS['ioredis 6'](evicting.ports[0]))).toEqual([
      warning(new RegExp(`${policy}.*evict an override`), /volatile-ttl/),
    ]);
    await evicting.stop();
  });

  it('full: the server takes no more', async () => {
    const full = await standalone('--maxmemory', '1', '--maxmemory-policy', 'noeviction');
    const [problem] = await check(CLIENTS['ioredis 6'](full.ports[0]));
    expect(problem).toEqual(error(/OOM/, /raise maxmemory/));
    await full.stop();
  });

  it('one that takes no more clients', async () => {
    const full = await standalone('--maxclients', '1');
    const taken = connect(full.ports[0], '127.0.0.1');
    await once(taken, 'connect');
    expect(await check(CLIENTS['node-redis'](full.ports[0]))).toEqual([
      error(/max number of clients/, /raise maxclients/),
    ]);
    taken.destroy();
    await full.stop();
  });

  it.each(CLUSTER_MAKERS)('a Cluster with slots that nobody serves: %s', async (_, client) => {
    const [node] = nodes.ports;
    const lines = (await command(node, 'CLUSTER', 'NODES')).split('\n');
    const [first = '', last = ''] =
      lines.find((line) => /myself/.test(line))?.match(/\d+(?=-\d+$)|\d+$/g) ?? [];
    const health = () => command(node, 'CLUSTER', 'INFO');
    await command(node, 'CLUSTER', 'DELSLOTSRANGE', first, last);
    try {
      await until(async () => (await health()).includes('cluster_state:fail'));
      // At first a client may meet nodes that are about to close its connection.
      await until(async () =>
        (await check(client(node))).some(({ mend }) => /a primary for each slot/.test(mend)),
      );
    } finally {
      await command(node, 'CLUSTER', 'ADDSLOTSRANGE', first, last);
      await until(async () => (await health()).includes('cluster_state:ok'));
    }
  });

  it('a clock that is off', async () => {
    const ahead = await standalone();
    await ahead.advance(90_000);
    expect(await check(CLIENTS['ioredis 6'](ahead.ports[0]))).toEqual([
      warning(/(89|90) s behind the store's/, /NTP/),
    ]);
    await ahead.stop();
  });
});

describe('TLS', () => {
  let folder: string;
  let ca: string;
  let secure: { readonly port: number; stop(): Promise<void> };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchgear-tls-'));
    const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    await openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-subj',
      '/CN=Test authority',
    );
    await openssl(
      ...['req', '-x509', ...key, '-keyout', 'server.key', '-out', 'server.crt', '-subj', '/CN=127.0.0.1'],
      ...['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    );
    ca = await readFile(join(folder, 'ca.crt'), 'utf8');
    const own = await freePort();
    secure = await startRedis({
      port: own,
      args: [
        ...['--port', '0', '--tls-port', String(own), '--tls-auth-clients', 'no', '--dir', folder],
        ...['--tls-cert-file', 'server.crt', '--tls-key-file', 'server.key', '--tls-ca-cert-file', 'ca.crt'],
      ],
    });
  });
  afterAll(async () => {
    await secure.stop();
    await rm(folder, { recursive: true });
  });

  const tls = (maker: string, at: number, more: object = {}) =>
    maker === 'node-redis' ? { socket: { host: '127.0.0.1', port: at, tls: true, ...more } } : { tls: more };

  // Most of this waits for a handshake that does not come.
  describe.concurrent.each(MAKERS)('%s', (maker, client) => {
    it('works with the certificate of one’s own authority, push too', async () => {
      const store = new RedisStore({
        client: client(secure.port, tls(maker, secure.port, { ca })),
        prefix: newPrefix(),
      });
      expect(await store.check()).toEqual([]);
      await store.override('payments', { mode: 'disabled', by: 'ana', reason: 'test' });
      expect(await store.list()).toEqual(['payments']);
      await store.close();
    });

    it('an authority that nobody knows', async () => {
      const problems = await check(client(secure.port, tls(maker, secure.port)));
      expect(problems).toEqual([error(/certificate/, /certificate of the server's authority/)]);
    });

    it('a plain client on a server with TLS', async () => {
      expect(await check(client(secure.port))).toEqual([error(/not connected/, /TLS/)]);
    });

    it('a client with TLS on a plain server', async () => {
      expect(await check(client(port, tls(maker, port)))).toEqual([
        error(/not connected/, /speaks TLS there/),
      ]);
    });
  });

  it('by address: rediss:// with the authority in NODE_EXTRA_CA_CERTS', async () => {
    const source = `
      import { createStore } from './config/index.ts';
      const store = await createStore(process.argv[1]);
      console.log(JSON.stringify(await store.check()));
      await store.close();`;
    const { outputFiles } = await build({
      stdin: {
        contents: source,
        resolveDir: fileURLToPath(new URL('../../src', import.meta.url)),
        loader: 'ts',
      },
      ...{ bundle: true, format: 'esm', platform: 'node', packages: 'external', write: false },
    });
    const program = ['--input-type=module', '--eval', outputFiles[0]?.text ?? ''];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.crt') };
    const { stdout } = await run(process.execPath, [...program, `rediss://127.0.0.1:${secure.port}`], {
      env,
    });
    expect(JSON.parse(stdout)).toEqual([]);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
}
