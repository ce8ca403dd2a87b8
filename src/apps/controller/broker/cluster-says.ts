import type { NicPlace } from '../../../core/ipam/placing.ts';
import { CloudError } from '../../../io/cloud/provider.ts';

/** What a NICConfig says; undefined: there is none of that name. */
export type PlaceOf = (config: string) => NicPlace | undefined;

/** What the cluster's objects say of NICs. */
export interface ClusterSays {
  readonly placeOf: PlaceOf;
  /** Whether an object gives pods that security group: no other is given to a NIC on a node's word. */
  readonly gives: (group: string) => boolean;
}

/** Nobody knows it: the node has heard of it earlier, or later, than this replica. */
export function noNicConfig(config: string): CloudError {
  const message = `the controller knows of no NICConfig or ENIConfig named ${config}`;
  return new CloudError('gone', { action: 'CreateNetworkInterface', code: 'NoNicConfig', message });
}
