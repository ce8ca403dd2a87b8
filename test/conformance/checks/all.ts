import type { Check } from '../check.ts';
import { capabilityChecks } from './capabilities.ts';
import { chainChecks } from './chain.ts';
import { collectChecks } from './collect.ts';
import { daemonChecks } from './daemon.ts';
import { driftChecks } from './drift.ts';
import { inputChecks } from './input.ts';
import { lifecycleChecks } from './lifecycle.ts';
import { loadChecks } from './load.ts';
import { protocolChecks } from './protocol.ts';

/** All forty, C1 to C40, in order. */
export const allChecks: readonly Check[] = [
  ...protocolChecks,
  ...lifecycleChecks,
  ...driftChecks,
  ...collectChecks,
  ...loadChecks,
  ...inputChecks,
  ...capabilityChecks,
  ...chainChecks,
  ...daemonChecks,
].toSorted((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
