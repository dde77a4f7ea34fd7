// A function's environment: loads the bundle at argv[2] as Lambda's runtime does, and hands it one event after the other.

import { pathToFileURL } from 'node:url';

const { handler } = await import(pathToFileURL(process.argv[2]).href);

/** Functions do not pass between processes. */
const contextOf = ({ getRemainingTimeInMillis, ...context }) => ({
  ...context,
  getRemainingTimeInMillis: () => getRemainingTimeInMillis,
});

process.on('message', async ({ event, context }) => {
  try {
    process.send({ result: (await handler(event, contextOf(context))) ?? null });
  } catch ({ name, message }) {
    process.send({ error: `${name}: ${message}` });
  }
});
process.send('ready');
