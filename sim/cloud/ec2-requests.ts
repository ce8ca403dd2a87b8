import type {
  AssignIpv6AddressesCommandInput,
  AssignPrivateIpAddressesCommandInput,
  AttachNetworkInterfaceCommandInput,
  CreateNetworkInterfaceCommandInput,
  CreateTagsCommandInput,
  DeleteNetworkInterfaceCommandInput,
  DescribeInstancesCommandInput,
  DescribeNetworkInterfacesCommandInput,
  DescribeSubnetsCommandInput,
  DescribeVpcsCommandInput,
  DetachNetworkInterfaceCommandInput,
  ModifyNetworkInterfaceAttributeCommandInput,
  Tag,
  UnassignIpv6AddressesCommandInput,
  UnassignPrivateIpAddressesCommandInput,
} from '@aws-sdk/client-ec2';
import { address, prefix } from '../../src/base/ip.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import type { Filter, Request, Wish } from '../../emulator/cloud/request.ts';

/** What the provider's commands ask for, by their actions' names. */
export interface Inputs {
  readonly AssignIpv6Addresses: AssignIpv6AddressesCommandInput;
  readonly AssignPrivateIpAddresses: AssignPrivateIpAddressesCommandInput;
  readonly AttachNetworkInterface: AttachNetworkInterfaceCommandInput;
  readonly CreateNetworkInterface: CreateNetworkInterfaceCommandInput;
  readonly CreateTags: CreateTagsCommandInput;
  readonly DeleteNetworkInterface: DeleteNetworkInterfaceCommandInput;
  readonly DescribeInstances: DescribeInstancesCommandInput;
  readonly DescribeNetworkInterfaces: DescribeNetworkInterfacesCommandInput;
  readonly DescribeSubnets: DescribeSubnetsCommandInput;
  readonly DescribeVpcs: DescribeVpcsCommandInput;
  readonly DetachNetworkInterface: DetachNetworkInterfaceCommandInput;
  readonly ModifyNetworkInterfaceAttribute: ModifyNetworkInterfaceAttributeCommandInput;
  readonly UnassignIpv6Addresses: UnassignIpv6AddressesCommandInput;
  readonly UnassignPrivateIpAddresses: UnassignPrivateIpAddressesCommandInput;
}

export type Action = keyof Inputs;

/** A command's input in the words of the cloud's core. */
export const REQUESTS: { readonly [A in Action]: (input: Inputs[A]) => Request } = {
  AssignIpv6Addresses: (it) => ({
    do: 'assign',
    nic: idOf(it.NetworkInterfaceId),
    ...wish('addresses6', it.Ipv6AddressCount),
    ...wish('prefixes6', it.Ipv6PrefixCount),
  }),
  AssignPrivateIpAddresses: (it) => ({
    do: 'assign',
    nic: idOf(it.NetworkInterfaceId),
    ...wish('addresses', it.SecondaryPrivateIpAddressCount),
    ...(it.PrivateIpAddresses === undefined ? {} : { addresses: { list: it.PrivateIpAddresses.map(address) } }),
    ...wish('prefixes', it.Ipv4PrefixCount),
  }),
  AttachNetworkInterface: (it) => ({
    do: 'attach-nic',
    nic: idOf(it.NetworkInterfaceId),
    instance: idOf(it.InstanceId),
    ...(it.DeviceIndex === undefined ? {} : { device: it.DeviceIndex }),
  }),
  CreateNetworkInterface: (it) => ({
    do: 'create-nic',
    subnet: idOf(it.SubnetId),
    groups: idsOf(it.Groups),
    description: it.Description ?? '',
    tags: tagsOf(it.TagSpecifications?.[0]?.Tags),
    ...wish('addresses', it.SecondaryPrivateIpAddressCount),
    ...wish('prefixes', it.Ipv4PrefixCount),
    ...wish('addresses6', it.Ipv6AddressCount),
    ...wish('prefixes6', it.Ipv6PrefixCount),
  }),
  CreateTags: (it) => ({ do: 'set-tags', ids: idsOf(it.Resources), tags: tagsOf(it.Tags) }),
  DeleteNetworkInterface: (it) => ({ do: 'delete-nic', nic: idOf(it.NetworkInterfaceId) }),
  DescribeInstances: (it) => ({ do: 'describe', kind: 'instance', ids: idsOf(it.InstanceIds) }),
  DescribeNetworkInterfaces: (it) => ({ do: 'describe', kind: 'nic', filters: filtersOf('nic', it.Filters) }),
  DescribeSubnets: (it) => ({
    do: 'describe',
    kind: 'subnet',
    filters: filtersOf('subnet', it.Filters),
    ...(it.SubnetIds === undefined ? {} : { ids: idsOf(it.SubnetIds) }),
  }),
  DescribeVpcs: (it) => ({ do: 'describe', kind: 'vpc', ids: idsOf(it.VpcIds) }),
  DetachNetworkInterface: (it) => ({ do: 'detach-nic', of: { attachment: idOf(it.AttachmentId) } }),
  ModifyNetworkInterfaceAttribute: (it) => ({
    do: 'modify-nic',
    nic: idOf(it.NetworkInterfaceId),
    ...(it.Groups === undefined ? {} : { groups: idsOf(it.Groups) }),
    ...(it.Attachment === undefined
      ? {}
      : {
          attachment: idOf(it.Attachment.AttachmentId),
          deleteWithInstance: it.Attachment.DeleteOnTermination === true,
        }),
  }),
  UnassignIpv6Addresses: (it) => ({
    do: 'unassign',
    nic: idOf(it.NetworkInterfaceId),
    addresses6: (it.Ipv6Addresses ?? []).map(address),
    prefixes6: (it.Ipv6Prefixes ?? []).map(prefix),
  }),
  UnassignPrivateIpAddresses: (it) => ({
    do: 'unassign',
    nic: idOf(it.NetworkInterfaceId),
    addresses: (it.PrivateIpAddresses ?? []).map(address),
    prefixes: (it.Ipv4Prefixes ?? []).map(prefix),
  }),
};

/** Names of filters as EC2 has them → fields of the emulator's core, by what is described. */
const FIELDS: Readonly<Record<'nic' | 'subnet', Readonly<Record<string, string>>>> = {
  nic: {
    'addresses.private-ip-address': 'address',
    'attachment.instance-id': 'instance',
    'network-interface-id': 'id',
    status: 'state',
    'subnet-id': 'subnet',
    'vpc-id': 'vpc',
  },
  subnet: { 'availability-zone': 'zone', 'subnet-id': 'id', 'vpc-id': 'vpc' },
};

function filtersOf(kind: keyof typeof FIELDS, filters: DescribeSubnetsCommandInput['Filters']): readonly Filter[] {
  return (filters ?? []).map(({ Name: name = '', Values: values = [] }) => {
    const field = name.startsWith('tag') ? name : FIELDS[kind][name];
    if (field === undefined) throw new Error(`sim: nobody knows the filter ${name} of a ${kind}`);
    return { field, values };
  });
}

function wish<K extends string>(name: K, count: number | undefined): { readonly [_ in K]?: Wish<never> } {
  return (count === undefined ? {} : { [name]: { count } }) as { readonly [_ in K]?: Wish<never> };
}

function tagsOf(tags: readonly Tag[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((tags ?? []).map(({ Key: key = '', Value: value = '' }) => [key, value]));
}

function idOf(text: string | undefined): Id {
  return (text ?? '') as Id;
}

function idsOf(texts: readonly string[] = []): readonly Id[] {
  return texts.map(idOf);
}
