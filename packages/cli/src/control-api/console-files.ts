/** The built console, read once: what is served are these files and nothing else, whatever a path says. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

interface File {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
/** Names with a hash of the content, as the bundler makes them, never change. */
const HASHED = /-[\w-]{8,}\.\w+$/;

/** Files by the path of their URL; `/` is the page. Empty where the console was not built. */
export function consoleFiles(folder: string): ReadonlyMap<string, File> {
  if (!existsSync(join(folder, 'index.html'))) return new Map();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const url = `/${relative(folder, path).split(sep).join('/')}`;
      return [url === '/index.html' ? '/' : url, fileAt(path)] as const;
    });
  return new Map(files);
}

function fileAt(path: string): File {
  return {
    body: new Uint8Array(readFileSync(path)),
    headers: {
      'content-type': TYPES[extname(path)] as string,
      'cache-control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
  };
}
