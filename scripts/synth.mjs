// `npm run synth`: the workflow as plain files, and the templates of the AWS example. Offline.

import { writeFileSync } from 'node:fs';
import { build, install } from './install.mjs';

await install();
await build();
const { templateFiles } = await import('../packages/cdk/dist/index.js');
for (const [file, content] of Object.entries(templateFiles()))
  writeFileSync(new URL(`../packages/cdk/templates/${file}`, import.meta.url), content);
await import('../examples/order-payment-ledger-aws/dist/app.js');
console.log('packages/cdk/templates: the workflow without CDK');
console.log('examples/order-payment-ledger-aws/cdk.out: the example, for `npx cdk deploy --app …`');
