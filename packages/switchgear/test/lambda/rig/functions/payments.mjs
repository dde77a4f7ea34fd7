/**
 * A function that pays: one call of a dependency behind the fleet's circuit. What it does in an invocation says the event:
 *
 *     call     'dependency' (default) calls it over HTTP; 'nothing' makes no call; 'stubborn' calls, and then never ends
 *     times    calls, one after the other
 *
 * The environment says the options of its gear and of `withSwitchgear`, as JSON: GEAR, LAMBDA.
 */

import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSwitchgearError, Switchgear } from 'switchgear';
import { DynamoDBStore } from 'switchgear/dynamodb';
import { compose } from 'switchgear/guard';
import { currentInvocation, invocationDeadline, withSwitchgear } from 'switchgear/lambda';

const { STORE, TABLE, CIRCUIT, DEPENDENCY, GEAR, LAMBDA } = process.env;
const agent = new Agent({ keepAlive: true });

const gear = new Switchgear({
  store: new DynamoDBStore({ tableName: TABLE, region: 'eu-central-1', endpoint: STORE }),
  ...JSON.parse(GEAR),
});
const storeErrors = [];
gear.onStoreError((error) => storeErrors.push(String(error.message)));
const breaker = gear.breaker(CIRCUIT, { failureRatio: 0 });
const payments = compose(breaker, invocationDeadline());

async function charge({ signal }) {
  const headers = { 'x-process': String(process.pid), 'x-request': currentInvocation().requestId };
  const [response] = await once(get(DEPENDENCY, { signal, agent, headers }), 'response');
  await response.toArray();
  const { statusCode: status } = response;
  if (status !== 200) throw Object.assign(new Error(`the dependency answers ${status}`), { status });
}

async function pay() {
  try {
    await payments.execute(charge);
    return 'ok';
  } catch (error) {
    if (isSwitchgearError(error, 'CIRCUIT_OPEN')) return 'rejected';
    return error.status === 503 || error.name === 'TimeoutError' ? 'failed' : String(error.stack ?? error);
  }
}

async function invocation({ call = 'dependency', times = 1 }) {
  const beganMs = performance.now();
  const before = currentInvocation().requestId;
  const outcomes = [];
  if (call !== 'nothing') for (let i = 0; i < times; i++) outcomes.push(await pay());
  if (call === 'stubborn') await sleep(3_600_000);
  return {
    outcomes,
    state: breaker.state.state,
    pid: process.pid,
    requestIds: [before, currentInvocation().requestId],
    tookMs: performance.now() - beganMs,
    storeErrors: storeErrors.splice(0),
  };
}

async function streamed(event, stream) {
  stream.write('paying;');
  const { outcomes } = await invocation(event);
  stream.write(`${outcomes};${currentInvocation().requestId}`);
}

const options = { gear, ...JSON.parse(LAMBDA) };
export const handler = process.env.STREAMING
  ? awslambda.streamifyResponse(withSwitchgear(streamed, options))
  : withSwitchgear(invocation, options);
