// `npm run bench [-- [bundles | push] [--json]]`

import { build, install } from './install.mjs';

await install();
await build();
await import('../bench/dist/main.js');
