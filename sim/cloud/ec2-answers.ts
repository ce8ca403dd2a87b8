import type { Instance, NetworkInterface, Subnet, Vpc } from '@aws-sdk/client-ec2';
import type { Answer, InstanceView, NicView, SubnetView, View } from '../../emulator/cloud/answer.ts';
import type { Tags } from '../../emulator/cloud/nouns.ts';
import { ATTACHMENT_STATUS } from '../../emulator/dialects/aws/shapes/nic.ts';

/** An answer of the cloud's core as the SDK would give it, as far as the provider reads it. */
export function outputOf(answer: Answer): object {
  switch (answer.is) {
    case 'made':
      return answer.view.kind === 'nic' ? { NetworkInterface: interfaceOf(answer.view) } : {};
    case 'attached':
      return { AttachmentId: answer.attachment.id };
    case 'assigned':
      return {
        AssignedPrivateIpAddresses: answer.addresses.map((PrivateIpAddress) => ({ PrivateIpAddress })),
        AssignedIpv4Prefixes: answer.prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
        AssignedIpv6Addresses: answer.addresses6,
        AssignedIpv6Prefixes: answer.prefixes6,
      };
    case 'views':
      return {
        NetworkInterfaces: of(answer.views, 'nic').map(interfaceOf),
        Subnets: of(answer.views, 'subnet').map(subnetOf),
        Reservations: of(answer.views, 'instance').map((it) => ({ Instances: [instanceOf(it)] })),
        Vpcs: of(answer.views, 'vpc').map(vpcOf),
      };
    default:
      return {};
  }
}

function of<K extends View['kind']>(views: readonly View[], kind: K): readonly Extract<View, { readonly kind: K }>[] {
  return views.filter((it): it is Extract<View, { readonly kind: K }> => it.kind === kind);
}

function interfaceOf({ nic, groups }: NicView): NetworkInterface {
  const { attachment: at, state } = nic;
  const attached = at !== undefined && state !== 'available';
  return {
    NetworkInterfaceId: nic.id,
    SubnetId: nic.subnet,
    MacAddress: nic.mac,
    Status: attached ? 'in-use' : 'available',
    InterfaceType: 'interface',
    Groups: groups.map(({ id }) => ({ GroupId: id })),
    TagSet: tagSet(nic.tags),
    PrivateIpAddresses: nic.addresses.map((it, i) => ({ PrivateIpAddress: it, Primary: i === 0 })),
    Ipv4Prefixes: nic.prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
    Ipv6Addresses: nic.addresses6.map((Ipv6Address) => ({ Ipv6Address })),
    Ipv6Prefixes: nic.prefixes6.map((Ipv6Prefix) => ({ Ipv6Prefix })),
    ...(attached
      ? {
          Attachment: {
            AttachmentId: at.id,
            InstanceId: at.instance,
            DeviceIndex: at.device,
            NetworkCardIndex: at.card,
            Status: ATTACHMENT_STATUS[state],
            DeleteOnTermination: at.deleteWithInstance,
          },
        }
      : {}),
  };
}

function subnetOf({ subnet, free }: SubnetView): Subnet {
  return {
    SubnetId: subnet.id,
    VpcId: subnet.vpc,
    AvailabilityZone: subnet.zone,
    CidrBlock: subnet.v4,
    AvailableIpAddressCount: free,
    Tags: tagSet(subnet.tags),
  };
}

function instanceOf({ instance, nics }: InstanceView): Instance {
  return {
    InstanceId: instance.id,
    InstanceType: instance.type as NonNullable<Instance['InstanceType']>,
    Placement: { AvailabilityZone: instance.zone },
    VpcId: instance.vpc,
    NetworkInterfaces: nics.map((it) => interfaceOf(it) as NonNullable<Instance['NetworkInterfaces']>[number]),
  };
}

function vpcOf({ vpc }: Extract<View, { readonly kind: 'vpc' }>): Vpc {
  const CidrBlockAssociationSet = vpc.ranges.map((CidrBlock) => ({ CidrBlock, CidrBlockState: ASSOCIATED }));
  return { VpcId: vpc.id, CidrBlockAssociationSet };
}

const ASSOCIATED = { State: 'associated' } as const;

function tagSet(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
