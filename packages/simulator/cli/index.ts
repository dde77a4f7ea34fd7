/** The command lines of the simulator, for Node: `npm run simulate`, `npm run soak`, `switchgear simulate`. */

export { acceptance } from './acceptance.ts';
export { runHours, talliesIn } from './hours.ts';
export { runSimulate } from './simulate.ts';
export { runSoak } from './soak.ts';
export { type Pace, speed } from './speed.ts';
