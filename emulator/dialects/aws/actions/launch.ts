import type { Id } from '../../../cloud/nouns.ts';
import type { InstanceRequest, LaunchNic } from '../../../cloud/request.ts';
import { ApiError } from '../api-error.ts';
import type { Params } from '../params.ts';
import { readTags } from '../shapes/tags.ts';
import { readMetadataOptions } from './instances-metadata.ts';
import { defined, readNicAddresses } from './wishes.ts';

type Launch = Extract<InstanceRequest, { readonly do: 'run-instances' }>;

/** What would matter to a machine, and does not to a network. */
const IGNORED = [
  ...['BlockDeviceMapping', 'KernelId', 'KeyName', 'Monitoring', 'RamdiskId', 'UserData', 'CreditSpecification'],
  ...['CpuOptions', 'HibernationOptions', 'EnclaveOptions', 'PrivateDnsNameOptions', 'MaintenanceOptions'],
  ...['DisableApiTermination', 'DisableApiStop', 'InstanceInitiatedShutdownBehavior', 'EbsOptimized', 'AdditionalInfo'],
  ...['ImageId', 'Placement', 'CapacityReservationSpecification', 'InstanceMarketOptions', 'EnablePrimaryIpv6'],
] as const;

/** RunInstances. Throws ApiError. */
export function readLaunch(params: Params): Launch {
  params.ignore(...IGNORED);
  const least = params.number('MinCount') ?? 0;
  const most = params.number('MaxCount') ?? 0;
  if (least < 1 || most < least)
    throw new ApiError(
      'InvalidParameterValue',
      'Value for parameter minCount or maxCount is invalid: 1 ≤ minCount ≤ maxCount',
    );
  const profile = params.within('IamInstanceProfile');
  const role = profile.text('Name') ?? profile.text('Arn')?.replace(/^.*instance-profile\//, '');
  const type = params.text('InstanceType') ?? 'm1.small'; // EC2's own default, which is not in the table
  const { tags, nicTags } = readLaunchTags(params);
  const nics = params.has('NetworkInterface') ? readNics(params) : [readOnlyNic(params)];
  return {
    do: 'run-instances',
    least,
    most,
    type,
    nics: nics.map((nic) => (nic.nic === undefined ? { ...nic, tags: nicTags } : nic)),
    ...defined({ role, token: params.text('ClientToken') }),
    ...readMetadataOptions(params.within('MetadataOptions')),
    tags,
  };
}

/** The parameters of the request itself are those of its primary NIC. */
function readOnlyNic(params: Params): LaunchNic {
  const subnet = params.text('SubnetId') as Id | undefined;
  if (subnet === undefined) throw noDefault();
  const groups = params.ids('SecurityGroupId');
  params.ignore('SecurityGroup');
  const primary = params.address('PrivateIpAddress');
  const count = params.number('Ipv6AddressCount');
  const addresses6 = count === undefined || count === 0 ? undefined : { count };
  return { device: 0, subnet, ...defined({ groups: groups.length === 0 ? undefined : groups, primary, addresses6 }) };
}

function readNics(params: Params): readonly LaunchNic[] {
  for (const name of ['SubnetId', 'SecurityGroupId', 'PrivateIpAddress'])
    if (params.has(name))
      throw new ApiError(
        'InvalidParameterCombination',
        'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
      );
  return params.rows('NetworkInterface').map((row) => {
    const groups = row.ids('SecurityGroupId');
    const nic = row.text('NetworkInterfaceId') as Id | undefined;
    const subnet = row.text('SubnetId') as Id | undefined;
    if (nic === undefined && subnet === undefined) throw noDefault();
    row.ignore('InterfaceType', 'ConnectionTrackingSpecification', 'PrimaryIpv6');
    return {
      device: row.number('DeviceIndex') ?? 0,
      ...readNicAddresses(row),
      ...defined({
        card: row.number('NetworkCardIndex'),
        subnet,
        nic,
        groups: groups.length === 0 ? undefined : groups,
        description: row.text('Description'),
        publicAddress: row.flag('AssociatePublicIpAddress'),
        deleteWithInstance: row.flag('DeleteOnTermination'),
      }),
    };
  });
}

/** Tags of the instance, and of its NICs; others have nothing here to be on. */
function readLaunchTags(params: Params): { readonly tags: Launch['tags']; readonly nicTags: Launch['tags'] } {
  const byType: Record<string, Launch['tags']> = {};
  for (const row of params.rows('TagSpecification')) byType[row.needed('ResourceType')] = readTags(row, 'Tag');
  return { tags: byType['instance'] ?? {}, nicTags: byType['network-interface'] ?? {} };
}

function noDefault(): ApiError {
  return new ApiError(
    'VPCIdNotSpecified',
    'No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.',
  );
}
