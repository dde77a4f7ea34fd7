/**
 * What runs inside an environment: asks the Runtime API for invocations and hands them to the function, as the runtime of
 * Lambda does, streaming included. Ends when the API does.
 *
 *     AWS_LAMBDA_RUNTIME_API   host, port and prefix of this environment
 *     RIG_HANDLER              path of the module with the export `handler`
 *     RIG_POLLERS              invocations at the same time
 *     RIG_CLOCK                file that says how far the world's clock is ahead, milliseconds
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

const { AWS_LAMBDA_RUNTIME_API, RIG_HANDLER, RIG_POLLERS, RIG_CLOCK } = process.env;
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const agent = new Agent({ keepAlive: true });

// Before the function's modules load: the library takes hold of it then. The file, for a thawed process must know at once.
const machine = Date.now;
Date.now = () => machine() + Number(readFileSync(RIG_CLOCK, 'utf8'));

globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: 'response' }),
};

function open(method, path, headers = {}) {
  return request(`http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/${path}`, { method, agent, headers });
}

async function answerTo(sent) {
  const [response] = await once(sent, 'response');
  const body = Buffer.concat(await response.toArray()).toString();
  return { headers: response.headers, body };
}

const post = (path, value, headers) =>
  answerTo(open('POST', path, headers).end(JSON.stringify(value ?? null)));

const described = (error) => ({
  errorType: error?.name,
  errorMessage: String(error?.message ?? error),
  code: error?.code,
});

async function serve(handler) {
  for (;;) {
    const { headers, body } = await answerTo(open('GET', 'invocation/next').end());
    const id = headers['lambda-runtime-aws-request-id'];
    const deadlineMs = Number(headers['lambda-runtime-deadline-ms']);
    const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadlineMs - Date.now() };
    const path = `invocation/${id}/response`;
    try {
      if (handler[STREAMING]) {
        const stream = open('POST', path, { 'lambda-runtime-function-response-mode': 'streaming' });
        const answered = answerTo(stream);
        await handler(JSON.parse(body), stream, context);
        stream.end();
        await answered;
      } else await post(path, await handler(JSON.parse(body), context, () => {}));
    } catch (error) {
      await post(`invocation/${id}/error`, described(error));
    }
  }
}

try {
  const { handler } = await import(RIG_HANDLER);
  await Promise.all(Array.from({ length: Number(RIG_POLLERS) }, () => serve(handler)));
} catch (error) {
  console.error(error);
  await post('init/error', described(error)).catch(() => {});
  process.exit(1);
}
