import type { Address } from '../../src/base/ip.ts';
import type { Id, Instance, Nic, RouteTable, SecurityGroup, Subnet, Vpc } from '../cloud/nouns.ts';

/** A NAT gateway, as far as packets know it: what leaves through it has its public address. */
export interface NatGateway {
  readonly id: Id;
  readonly vpc: Id;
  readonly subnet: Id;
  readonly publicAddress: Address;
}

/** The state of a cloud, as the fabric reads it. A `SortedMap` or a `Map` is such a part. */
export interface CloudView {
  readonly vpcs: ReadonlyMap<Id, Vpc>;
  readonly subnets: ReadonlyMap<Id, Subnet>;
  readonly tables: ReadonlyMap<Id, RouteTable>;
  readonly groups: ReadonlyMap<Id, SecurityGroup>;
  readonly instances: ReadonlyMap<Id, Instance>;
  readonly nics: ReadonlyMap<Id, Nic>;
  readonly nats: ReadonlyMap<Id, NatGateway>;
}

/** The route table that holds for a subnet: its own, else the VPC's main one. */
export function tableOfSubnet(view: CloudView, subnet: Subnet): Id | undefined {
  return subnet.routeTable ?? view.vpcs.get(subnet.vpc)?.mainTable;
}

/** Whether a NIC's link stands: from when attaching is done until detaching is. */
export function isPlugged(nic: Nic): nic is Nic & { readonly attachment: NonNullable<Nic['attachment']> } {
  return nic.attachment !== undefined && (nic.state === 'in-use' || nic.state === 'detaching');
}

/** The plugged NICs of an instance, the primary first. */
export function nicsOf(view: CloudView, instance: Id): readonly Nic[] {
  return [...view.nics.values()]
    .filter((nic) => isPlugged(nic) && nic.attachment.instance === instance)
    .toSorted((a, b) => place(a) - place(b));
}

/** The NIC that an instance was born with: device 0 of card 0. */
export function isPrimary({ attachment }: Nic): boolean {
  return attachment?.device === 0 && attachment.card === 0;
}

/** What an instance's system calls a NIC: eth0, eth1 …; on card 1 eth100, eth101 … as amazon-ec2-net-utils counts. */
export function linkName(nic: Nic): string {
  return `eth${place(nic)}`;
}

function place({ attachment }: Nic): number {
  return attachment === undefined ? 0 : 100 * attachment.card + attachment.device;
}
