/** `npm run synth` writes the templates to `cdk.out`; `npx cdk deploy --app cdk.out` deploys them. */

import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { OrderPaymentLedgerStack } from './stack.ts';

const app = new App({
  outdir: fileURLToPath(new URL('../cdk.out', import.meta.url)),
  analyticsReporting: false,
});
new OrderPaymentLedgerStack(app, 'OrderPaymentLedger');
app.synth();
