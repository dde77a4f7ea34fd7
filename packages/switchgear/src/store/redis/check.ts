/** Tries everything that the store needs of its server, and says what is wrong in words. */

import type { Clock } from '../../clock.ts';
import { CLOCK_BOUND_MS } from '../../core/record.ts';
import type { StoreProblem } from '../contract.ts';
import { clockProblems, partsOf } from '../problem.ts';
import type { RedisConnection } from './connection.ts';
import { mendOf, storeErrorOf } from './failure.ts';
import type { Keys } from './keys.ts';
import type { Scripts } from './scripts.ts';

/** Keys that are tried: enough to meet every node of a Cluster. */
const SPREAD = 16;
const PROBE_MS = '60000';
/** How a circuit that is not there is cut: it does not matter. */
const WINDOW = { bucketMs: 6_000, buckets: 10 };
const OTHERWISE = 'see that address and settings of the client are those of the server';
const UNSEEN = 'allow INFO, or see for yourself that maxmemory-policy is noeviction or volatile-ttl';
const UNHEARD = 'allow the channel: without it a process hears of a change only within cacheTtl';

/**
 * Tries commands as the store's scripts run them. The server looks at rights before it looks at types, so that a wrong type
 * is as good as an answer, and a hash is all that is left behind.
 *   KEYS     1 hash of the probe
 *   ARGV     1 commands (JSON)
 *   Returns  now (ms), what INFO says of the node's memory, then a name and an error for each command that was refused
 */
const TRY = `
local time = redis.call('TIME')
local info = redis.pcall('INFO', 'memory')
local answer = { time[1] * 1000 + math.floor(time[2] / 1000), type(info) == 'string' and info or '' }
if type(info) == 'table' and info.err then
  answer[3], answer[4] = 'INFO', info.err
end
for _, command in ipairs(cjson.decode(ARGV[1])) do
  local reply = redis.pcall(unpack(command))
  local refusal = type(reply) == 'table' and reply.err
  if refusal and not refusal:find('WRONGTYPE', 1, true) then
    answer[#answer + 1] = command[1]
    answer[#answer + 1] = refusal
  end
end
return answer`;

export async function check(
  connection: RedisConnection,
  scripts: Scripts,
  keys: Keys,
  clock: Clock,
  pushes: boolean,
): Promise<StoreProblem[]> {
  const problems = new Map<string, StoreProblem>();
  const add = (problem: StoreProblem) => problems.set(problem.what, problem);
  const attempt = async (verb: string, step: () => Promise<unknown>, warning?: string): Promise<void> => {
    try {
      await step();
    } catch (error) {
      const parts = partsOf(storeErrorOf(error, verb).message, mendOf(error), OTHERWISE);
      if (warning === undefined) add({ severity: 'error', ...parts });
      else add({ severity: 'warning', what: parts.what, mend: warning });
    }
  };

  const offsets: number[] = [];
  const tryOn = async (key: string) => {
    const sentMs = clock.now();
    const reply = await connection.send(key, [
      'EVAL',
      TRY,
      '1',
      key,
      JSON.stringify(commandsOn(key, keys.channel)),
    ]);
    const [nowMs, info, ...refused] = reply as [number, string, ...string[]];
    offsets.push(nowMs - (sentMs + clock.now()) / 2);
    for (const problem of [...evictionProblems(info), ...refusals(refused)]) add(problem);
  };
  const probes = Array.from({ length: SPREAD }, (_, i) => `${keys.record(`check-${i}`)}:check`);
  await Promise.all(probes.map((key) => attempt('EVAL', () => tryOn(key))));
  // Whoever cannot run this needs no further words.
  if (offsets.length < SPREAD) return [...problems.values()];

  const { directory, channel } = keys;
  await attempt('EVALSHA', () => scripts.run('load', [keys.record('')], [], { name: '', ...WINDOW }));
  // Takes the right to write to the directory, and changes nothing: it has no lifetime.
  await attempt('PERSIST', () => connection.send(directory, ['PERSIST', directory]));
  if (pushes) await attempt('SUBSCRIBE', () => subscribeOnce(connection, channel), UNHEARD);

  const [least, most] = [Math.min(...offsets), Math.max(...offsets)];
  for (const problem of clockProblems(Math.abs(least) > Math.abs(most) ? least : most)) add(problem);
  if (most - least > CLOCK_BOUND_MS)
    add({
      severity: 'warning',
      what: `the clocks of the nodes differ by ${Math.round(most - least)} ms`,
      mend: 'set the clocks: let NTP keep them',
    });
  return [...problems.values()];
}

/** All that the scripts run and the store sends, on one key. */
function commandsOn(key: string, channel: string): string[][] {
  return [
    ['HSET', key, 'n', '0'],
    ['PEXPIREAT', key, '1'],
    ['HSET', key, 'n', '0'],
    ['PERSIST', key],
    ['PEXPIRE', key, PROBE_MS],
    ['HINCRBY', key, 'n', '1'],
    ['HGETALL', key],
    ['HMGET', key, 'n'],
    ['HDEL', key, 'm'],
    ['LPUSH', key, ''],
    ['LTRIM', key, '0', '0'],
    ['LRANGE', key, '0', '0'],
    ['SADD', key, ''],
    ['SMEMBERS', key],
    // Listeners pass over it: it is no record.
    ['PUBLISH', channel, ''],
  ];
}

/** One problem for all commands that were refused in the same words. */
function refusals(refused: readonly string[]): StoreProblem[] {
  const commands = new Map<string, Set<string>>();
  for (let i = 0; i < refused.length; i += 2) {
    // Some servers name the command in it, which would part what belongs together.
    const refusal = (refused[i + 1] as string).replace(/the '[^']*' command/, 'this command');
    commands.set(refusal, (commands.get(refusal) ?? new Set()).add(refused[i] as string));
  }
  return [...commands].map(([refusal, names]) => {
    const what = `${[...names].join(', ')}: ${refusal}`;
    // Who may do all else only tells nobody.
    if (names.size === 1 && names.has('PUBLISH')) return { severity: 'warning', what, mend: UNHEARD };
    if (names.size === 1 && names.has('INFO')) return { severity: 'warning', what, mend: UNSEEN };
    return { severity: 'error', what, mend: mendOf(new Error(refusal)) ?? OTHERWISE };
  });
}

async function subscribeOnce(connection: RedisConnection, channel: string): Promise<void> {
  const subscriber = await connection.subscriber();
  try {
    await subscriber.subscribe(channel, () => {});
  } finally {
    subscriber.end();
  }
}

function evictionProblems(info: string): StoreProblem[] {
  const policy = /^maxmemory_policy:(allkeys-\S+)/m.exec(info)?.[1];
  if (policy === undefined) return [];
  const what = `maxmemory-policy is ${policy}: under pressure the server may evict an override`;
  return [{ severity: 'warning', what, mend: 'set it to volatile-ttl or noeviction' }];
}
