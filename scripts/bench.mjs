// `npm run bench [-- [bundles | proxy | push] [--json]]`

import { build, install } from './install.mjs';

await install();
await build();
await import('../bench/dist/main.js');
