/** The health check of a dependency that answers HTTP. */

import { required } from './environment.ts';
import { healthCheck, httpCheck } from './health-check.ts';

export const handler = healthCheck(httpCheck(required('CHECK_URL')));
