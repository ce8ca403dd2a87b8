import type { NicId } from '../../../core/ipam/nic.ts';
import { CloudError } from '../provider.ts';
import { FULL } from './errors.ts';
import type { AwsSelf } from './settings.ts';

// What is refused before EC2 is asked.

/** Asked for by mistake, or for another instance. */
export function notOurs(nic: NicId, owner = 'nobody that we know'): CloudError {
  const message = `${nic} is not to be deleted for this instance: it is of ${owner}`;
  return new CloudError('denied', { action: 'DeleteNetworkInterface', code: 'NotOurs', message });
}

/** The instance has as many as it may. */
export function noPlace({ instance, type }: AwsSelf, places: number): CloudError {
  return new CloudError('limit', {
    action: 'AttachNetworkInterface',
    code: FULL,
    message: `${instance} has ${places} NICs, and ${type} allows no more`,
  });
}

/** Nowhere to put a NIC. */
export function noSubnet({ zone, vpc }: AwsSelf): CloudError {
  return new CloudError('exhausted', {
    action: 'CreateNetworkInterface',
    code: 'NoSubnet',
    message: `no subnet of ${vpc} in ${zone} may hold pods; tag one with kubernetes.io/role/cni=1, or free the node's own`,
  });
}
