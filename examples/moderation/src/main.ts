/** Moderation: a model judges comments; while it is away a list of words does, more coarsely and at once. */

import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryStore, Switchgear } from 'switchgear';
import { compose, detailed, fallback } from 'switchgear/guard';
import { startModel } from './stand-in.ts';

const model = await startModel();

// A fleet would share a store: new DynamoDBStore({ tableName: 'circuits' }).
const gear = new Switchgear({ store: new MemoryStore() });
const breaker = gear.breaker('moderation', { timeout: '300ms', resetTimeout: '400ms' });

async function ask(text: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(model.url, { method: 'POST', body: text, signal });
  if (!response.ok) throw Object.assign(new Error(`HTTP ${response.status}`), { status: response.status });
  return ((await response.json()) as { allowed: boolean }).allowed;
}

const WORDS = ['scam', 'idiot', 'money'];
const hasNoWord = (text: string) => !WORDS.some((word) => text.toLowerCase().includes(word));

/** Whether a comment may be shown, and whether words alone decided: then a person looks at it later. */
async function judge(text: string): Promise<{ allowed: boolean; again: boolean }> {
  const guards = compose(
    fallback(() => hasNoWord(text)),
    breaker,
  );
  const { value, fallback: again } = await detailed(guards, ({ signal }) => ask(text, signal));
  return { allowed: value, again };
}

const COMMENTS = ['Lovely pictures!', 'What did it cost in money?', 'Free money, click here'];
async function judgeAll(): Promise<void> {
  const before = model.asked;
  for (const text of COMMENTS) {
    const { allowed, again } = await judge(text);
    console.log(`  ${allowed ? 'shown ' : 'hidden'} by ${again ? 'words' : 'model'}: ${text}`);
  }
  console.log(
    `  (the model was asked ${model.asked - before} time(s); the circuit is ${breaker.state.state})`,
  );
}

console.log('The model is well:');
await judgeAll();

console.log('It is slow: each comment waits 300 ms:');
model.condition = 'slow';
await judgeAll();

console.log('The circuit is open, nobody waits:');
await judgeAll();

console.log('It answers 500: one comment probes, the others do not wait:');
model.condition = 'failing';
await sleep(breaker.state.retryAfterMs + 1);
await judgeAll();

console.log('It is well again:');
model.condition = 'well';
await sleep(breaker.state.retryAfterMs + 1);
await judgeAll();

model.stop();
