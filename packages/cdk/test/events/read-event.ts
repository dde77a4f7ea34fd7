import { readFileSync } from 'node:fs';

/** An event as AWS documents it, from the file of that name. */
export function readEvent(name: string): object {
  return JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as object;
}
