import type { Check } from '../check.ts';
import { portMappings } from './ports.ts';
import { bandwidth } from './rate.ts';

/** C32 and C33: what a runtime may ask of an attachment. */
export const capabilityChecks: readonly Check[] = [
  {
    id: 'C32',
    name: 'portMappings: TCP, UDP, SCTP, hostIP, IPv6; a UDP flow follows to a second pod',
    limitMs: 60_000,
    run: portMappings,
  },
  { id: 'C33', name: 'bandwidth: the rate is held within 10 %', limitMs: 60_000, run: bandwidth },
];
