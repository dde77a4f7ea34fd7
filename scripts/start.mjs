// `npm start`: on a machine that has Node and nothing else, installs, builds and runs the demo with the arguments given.
// Imports nothing statically: an old Node must get as far as the message about its age.

const NEEDED = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  console.error(
    `Switchgear needs Node ${NEEDED.join('.')} or later; this is ${process.version}. See https://nodejs.org`,
  );
  process.exit(1);
}

const { spawn } = await import('node:child_process');
const { existsSync, statSync } = await import('node:fs');
const { fileURLToPath } = await import('node:url');

const root = fileURLToPath(new URL('..', import.meta.url));
const path = (name) => `${root}${name}`;

/** Runs a program without a shell; what it prints goes to stderr, so that stdout is the demo's alone. */
function run(program, args) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
  const stop = () => child.kill();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`cannot run ${program}: ${error.message}`);
      process.exit(1);
    });
    child.once('close', (code, signal) => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      if (code === 0) return resolve();
      if (!signal) console.error(`failed: ${[program, ...args].join(' ')}`);
      process.exit(code ?? 130);
    });
  });
}

/** npm writes this file last: it is as old as the installation. */
function isInstalled() {
  const installed = path('node_modules/.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(path('package-lock.json')).mtimeMs;
}

if (!isInstalled()) {
  console.error('installing dependencies (npm ci) …');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // `npm start` says where npm's own program lies; `node scripts/start.mjs` has to find it on the path.
  const npm = process.env.npm_execpath;
  await (npm?.endsWith('npm-cli.js') ? run(process.execPath, [npm, ...args]) : run('npm', args));
}

await run(process.execPath, [path('node_modules/typescript/bin/tsc'), '--build', path('examples/cascade')]);
await import('../examples/cascade/dist/main.js');
