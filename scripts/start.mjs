// `npm start [-- options]`: on a machine that has Node and nothing else, installs, builds and runs the demo.

import { build, install } from './install.mjs';

await install();
await build();
await import('../examples/cascade/dist/main.js');
