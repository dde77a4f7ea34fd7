/** Builds the page into the package that serves it. */

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Wherever the server mounts it: the stage of an API Gateway is a folder.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    outDir: fileURLToPath(new URL('../cli/dist/console', import.meta.url)),
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // The page runs under a policy without inline scripts, styles and data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What options mean comes from `switchgear/config`, which also opens stores: nothing of that is left in the page.
    rolldownOptions: { external: ['ioredis', 'redis', '@aws-sdk/client-dynamodb'] },
  },
});
