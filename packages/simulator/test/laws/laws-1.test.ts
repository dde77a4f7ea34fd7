import { lawsHold } from './seeds.ts';

lawsHold(1, 1_000);
