import { lawsHold } from './seeds.ts';

lawsHold(1_001, 2_000);
