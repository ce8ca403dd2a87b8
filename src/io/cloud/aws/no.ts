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

/** A NICConfig that no node of this zone can use. */
export function otherZone(
  of: { readonly config: string; readonly subnet: string; readonly zone: string | undefined },
  { instance, zone }: AwsSelf,
): CloudError {
  const where = of.zone === undefined ? 'is not there' : `is in ${of.zone}, and ${instance} in ${zone}`;
  return new CloudError('gone', {
    action: 'CreateNetworkInterface',
    code: 'WrongSubnet',
    message: `subnet ${of.subnet} of NICConfig ${of.config} ${where}`,
  });
}

/** The instance's type has none, or it carries all that there are numbers for. */
export function noTrunk({ type }: Pick<AwsSelf, 'type'>): CloudError {
  const message = `a trunk of ${type} carries no NIC more`;
  return new CloudError('limit', { action: 'AssociateTrunkInterface', code: 'NoTrunk', message });
}

/** A trunk that carries NICs stays. */
export function inUse({ instance }: Pick<AwsSelf, 'instance'>, nic: NicId): CloudError {
  const message = `the trunk of ${instance} carries ${nic} and perhaps others`;
  return new CloudError('busy', { action: 'DeleteNetworkInterface', code: 'InUse', message });
}

/** Nowhere to put a NIC. */
export function noSubnet({ zone, vpc }: AwsSelf): CloudError {
  return new CloudError('gone', {
    action: 'CreateNetworkInterface',
    code: 'NoSubnet',
    message: `no subnet of ${vpc} in ${zone} may hold pods; tag one with kubernetes.io/role/cni=1, or free the node's own`,
  });
}
