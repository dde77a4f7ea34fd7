// Gets a fresh clone ready: dependencies as the lockfile says, and the build. Needs nothing but Node.
// Imports nothing that an old Node lacks: it must get as far as the message about its age.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NEEDED = [20, 19];
const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program in the project's folder, without a shell. Its output goes to stderr: stdout belongs to the main job. Ends this process with it if it fails. */
export function run(program, args) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
  const stop = () => child.kill();
  // At the exit too: another program that failed may have ended this process.
  process.once('SIGINT', stop).once('SIGTERM', stop).once('exit', stop);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`cannot run ${program}: ${error.message}`);
      process.exit(1);
    });
    child.once('close', (code, signal) => {
      process.off('SIGINT', stop).off('SIGTERM', stop).off('exit', stop);
      if (code === 0) return resolve();
      if (!signal) console.error(`failed: ${[program, ...args].join(' ')}`);
      process.exit(code ?? 130);
    });
  });
}

/** Runs a program that a dependency brings, by the path of its script. */
export function runTool(script, args = []) {
  return run(process.execPath, [`${root}node_modules/${script}`, ...args]);
}

export async function install() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
    console.error(
      `Switchgear needs Node ${NEEDED.join('.')} or later; this is ${process.version}. See https://nodejs.org`,
    );
    process.exit(1);
  }
  if (isInstalled()) return;
  console.error('installing dependencies (npm ci) …');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // `npm start` says where npm's own program lies; `node scripts/….mjs` has to find it on the path.
  const npm = process.env.npm_execpath;
  await (npm?.endsWith('npm-cli.js') ? run(process.execPath, [npm, ...args]) : run('npm', args));
}

/** Compiles everything, and builds the console into the package that serves it. */
export async function build() {
  await runTool('typescript/bin/tsc', ['--build']);
  if (!isConsoleFresh()) await runTool('vite/bin/vite.js', ['build', 'packages/console', '--logLevel=warn']);
}

/** As `tsc --build` does: what is newer than all that it is made of is left alone. */
function isConsoleFresh() {
  const built = `${root}packages/cli/dist/console/index.html`;
  if (!existsSync(built)) return false;
  const sources = [
    'console/src',
    'console/index.html',
    'console/vite.config.ts',
    'simulator/dist',
    'switchgear/dist',
  ];
  return sources.every((source) => newest(`${root}packages/${source}`) <= statSync(built).mtimeMs);
}

/** When a file, or the latest of a folder, was written. */
function newest(path) {
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(`${path}/${name}`)));
}

/** npm writes this file last: it is as old as the installation. */
function isInstalled() {
  const installed = `${root}node_modules/.package-lock.json`;
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}
