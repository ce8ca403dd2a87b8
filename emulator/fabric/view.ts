import type { Gateway, Id, Instance, Nat, Nic, RouteTable, SecurityGroup, Subnet, Vpc } from '../cloud/nouns.ts';
import type { Trouble } from '../cloud/trouble.ts';

/** The part of a `Cloud` that packets are about. */
export interface CloudView {
  readonly vpcs: ReadonlyMap<Id, Vpc>;
  readonly subnets: ReadonlyMap<Id, Subnet>;
  readonly tables: ReadonlyMap<Id, RouteTable>;
  readonly groups: ReadonlyMap<Id, SecurityGroup>;
  readonly gateways: ReadonlyMap<Id, Gateway>;
  readonly nats: ReadonlyMap<Id, Nat>;
  readonly instances: ReadonlyMap<Id, Instance>;
  readonly nics: ReadonlyMap<Id, Nic>;
  readonly troubles: readonly Pick<Trouble, 'what'>[];
}

/** The route table that holds for a subnet: its own, else the VPC's main one. */
export function tableOfSubnet(view: CloudView, subnet: Subnet): Id | undefined {
  return subnet.routeTable ?? view.vpcs.get(subnet.vpc)?.mainTable;
}

type Plugged = Nic & { readonly attachment: NonNullable<Nic['attachment']> };

/** Whether a NIC's link stands: from when attaching is done until detaching is. */
export function isPlugged(nic: Nic): nic is Plugged {
  return nic.attachment !== undefined && (nic.state === 'in-use' || nic.state === 'detaching');
}

/** Where a NIC's link stands. A branch NIC's is one of its own beside its trunk's: this kernel may know no VLANs. */
export interface Plug {
  readonly instance: Id;
  readonly name: string; // as the instance's system calls it
}

/** Absent: no link of this NIC stands. */
export function plugOf(view: CloudView, nic: Nic): Plug | undefined {
  if (isPlugged(nic)) return { instance: nic.attachment.instance, name: systemName(nic) };
  const { trunking } = nic;
  const trunk = trunking && view.nics.get(trunking.trunk);
  if (trunking === undefined || trunk === undefined || !isPlugged(trunk)) return undefined;
  const { by } = trunking;
  return { instance: trunk.attachment.instance, name: 'vlan' in by ? `branch${by.vlan}` : `gre${by.gre}` };
}

/** Whether an instance has a system that runs. */
export function isAlive({ state }: Instance): boolean {
  return state === 'running' || state === 'shutting-down';
}

/** The NIC that an instance was born with: device 0 of card 0. */
export function isPrimary({ attachment }: Nic): boolean {
  return attachment?.device === 0 && attachment.card === 0;
}

/** What an instance's system calls a NIC: eth0, eth1 …; on card 1 eth100, eth101 …, as amazon-ec2-net-utils counts. */
function systemName({ attachment }: Plugged): string {
  return `eth${100 * attachment.card + attachment.device}`;
}
