// `npm run screenshots`: the pictures of the switchboard in docs/images, taken anew.

import { build, install } from './install.mjs';

await install();
await build();
const { takeScreenshots } = await import('../packages/console/screenshots/take.mjs');
await takeScreenshots();
