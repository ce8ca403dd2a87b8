import { BERTH_NODE } from './berth-node.ts';
import { NIC_CONFIG } from './nic-config.ts';
import { POD_SECURITY_GROUPS_DEFINITION } from './pod-security-groups.ts';
import { STATIC_ADDRESS } from './static-address.ts';
import type { Definition } from './definition.ts';

/** Every kind that is ours. A new one is a file here, a line of this list, and `npm run manifests`. */
export const DEFINITIONS: readonly Definition[] = [
  BERTH_NODE,
  STATIC_ADDRESS,
  NIC_CONFIG,
  POD_SECURITY_GROUPS_DEFINITION,
];
