/**
 * Makes one TypeScript file of the Redis store's Lua scripts, so that a bundle needs no files beside it.
 *
 *   node scripts/generate-lua.mjs        writes src/store/redis/lua.generated.ts; a test checks that it is fresh
 *
 * A script is `lua/<verb>.lua`. A line `-- include record.lua` takes that file in. Comments stay out of the bundle.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../packages/switchgear/src/store/redis/', import.meta.url);
export const GENERATED = new URL('lua.generated.ts', FOLDER);

/** The text that the file should have. */
export function generateLua() {
  const read = (file) => readFileSync(new URL(`lua/${file}`, FOLDER), 'utf8');
  const files = readdirSync(new URL('lua/', FOLDER)).sort();
  const included = new Set(
    files.flatMap((file) => [...read(file).matchAll(INCLUDE)].map(([, name]) => name)),
  );
  const scripts = files
    .filter((file) => !included.has(file))
    .map((file) => {
      const text = minified(read(file).replace(INCLUDE, (_, name) => read(name)));
      const sha1 = createHash('sha1').update(text).digest('hex');
      return `  ${file.replace('.lua', '')}: {\n    sha1: '${sha1}',\n    text: ${literal(text)},\n  },\n`;
    });
  return `/** Made of lua/*.lua by \`node scripts/generate-lua.mjs\`. Edit those. */\n\nexport const SCRIPTS = {\n${scripts.join('')}} as const;\n`;
}

const INCLUDE = /^-- include (\S+)$/gm;

/** Without comments, indentation and empty lines: line numbers in errors of the server count these. */
function minified(lua) {
  const lines = lua.split('\n').map((line) => line.trim());
  return lines.filter((line) => line && !line.startsWith('--')).join('\n');
}

function literal(text) {
  return `\`${text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(GENERATED, generateLua());
