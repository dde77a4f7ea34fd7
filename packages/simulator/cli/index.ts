export { acceptance } from './acceptance.ts';
export { simulate } from './simulate.ts';
export { soak } from './soak.ts';
export { UsageError } from './usage-error.ts';
