import { address, nth, prefix, type Address, type Prefix } from '../../src/base/ip.ts';
import { localMac } from '../../src/base/mac.ts';
import type { CloudView } from '../../emulator/fabric/view.ts';
import type { GroupRule, Id, Instance, Nic, Route, Subnet, Vpc } from '../../emulator/cloud/nouns.ts';

/** A cloud's state by hand: one VPC, two zones, and what a test adds. Every change is a new value at its place. */
export class SmallCloud implements CloudView {
  readonly vpcs = new Map<Id, Vpc>();
  readonly subnets = new Map<Id, Subnet>();
  readonly tables: Map<Id, CloudView['tables'] extends ReadonlyMap<Id, infer T> ? T : never> = new Map();
  readonly groups: Map<Id, CloudView['groups'] extends ReadonlyMap<Id, infer T> ? T : never> = new Map();
  readonly gateways: Map<Id, CloudView['gateways'] extends ReadonlyMap<Id, infer T> ? T : never> = new Map();
  readonly nats: Map<Id, CloudView['nats'] extends ReadonlyMap<Id, infer T> ? T : never> = new Map();
  readonly instances = new Map<Id, Instance>();
  readonly nics = new Map<Id, Nic>();
  troubles: CloudView['troubles'] = [];
  #macs = 0n;

  constructor(vpc = id('vpc-1'), ranges = ['10.0.0.0/16', 'fd10::/56'].map(prefix)) {
    this.vpcs.set(vpc, { id: vpc, ranges, mainTable: id(`rtb-${vpc}`), defaultGroup: id(`sg-${vpc}`), tags: {} });
    this.table(`rtb-${vpc}`, [], vpc);
    this.group(`sg-${vpc}`, { ingress: [{ group: `sg-${vpc}` }] }, vpc);
  }

  subnet(name: string, zone: string, v4: string, v6?: string, vpc = id('vpc-1')): void {
    const one = { id: id(name), vpc, zone, v4: v4 as Prefix, mapPublic: false, reservations: [], tags: {} };
    this.subnets.set(one.id, v6 === undefined ? one : { ...one, v6: v6 as Prefix });
  }

  table(name: string, routes: readonly Route[], vpc = id('vpc-1')): void {
    this.tables.set(id(name), { id: id(name), vpc, main: name === `rtb-${vpc}`, routes, tags: {} });
  }

  useTable(subnet: string, table: string): void {
    this.subnets.set(id(subnet), { ...some(this.subnets, subnet), routeTable: id(table) });
  }

  /** All may leave; what may come in is listed. */
  group(name: string, { ingress = [] as readonly Peer[], egress = ANYWHERE } = {}, vpc = id('vpc-1')): void {
    const rules = (of: readonly Peer[], way: string) => of.map((peer, i) => ruleOf(`${name}-${way}-${i}`, peer));
    const said = { name, description: '', tags: {} };
    this.groups.set(id(name), {
      id: id(name),
      vpc,
      ...said,
      ingress: rules(ingress, 'in'),
      egress: rules(egress, 'out'),
    });
  }

  gateway(name: string, vpc = id('vpc-1')): void {
    this.gateways.set(id(name), { id: id(name), vpc, tags: {} });
  }

  nat(name: string, subnet: string, publicAddress: string): void {
    const { vpc, v4 } = some(this.subnets, subnet);
    const more = { address: nth(v4, 200n), publicAddress: address(publicAddress), createdAt: 0, tags: {} };
    this.nats.set(id(name), { id: id(name), vpc, subnet: id(subnet), ...more });
  }

  instance(name: string, subnet: string): void {
    const { vpc, zone } = some(this.subnets, subnet);
    const more = { state: 'running', launchedAt: 0, hopLimit: 1, tokensRequired: false, tags: {} } as const;
    this.instances.set(id(name), { id: id(name), type: 'm5.large', vpc, zone, ...more });
  }

  /** A NIC with its first address, plugged in when an instance is named. */
  nic(name: string, subnet: string, own: string, more: Partial<Nic> & { at?: readonly [string, number] } = {}): void {
    const { at, ...rest } = more;
    const { vpc } = some(this.subnets, subnet);
    const attachment = at === undefined ? {} : { attachment: attachmentOf(name, at) };
    this.nics.set(id(name), {
      id: id(name),
      vpc,
      subnet: id(subnet),
      mac: localMac(0x0a_00_00_00_00_00n + ++this.#macs),
      state: at === undefined ? 'available' : 'in-use',
      addresses: [address(own)],
      prefixes: [],
      addresses6: [],
      prefixes6: [],
      groups: [some(this.vpcs, vpc).defaultGroup],
      sourceCheck: true,
      description: '',
      createdAt: 0,
      kind: 'interface',
      tags: {},
      ...attachment,
      ...rest,
    });
  }

  /** A machine with one NIC: i-NAME and eni-NAME. */
  machine(name: string, subnet: string, own: string, more: Partial<Nic> = {}): void {
    this.instance(`i-${name}`, subnet);
    this.nic(`eni-${name}`, subnet, own, { ...more, at: [`i-${name}`, 0] });
  }

  change(nic: string, more: Partial<Nic>): void {
    this.nics.set(id(nic), { ...some(this.nics, nic), ...more });
  }

  attach(nic: string, at: readonly [string, number]): void {
    this.change(nic, { state: 'in-use', attachment: attachmentOf(nic, at) });
  }

  detach(nic: string): void {
    const { attachment: _, ...rest } = some(this.nics, nic);
    this.nics.set(id(nic), { ...rest, state: 'available' });
  }
}

/** Whom a rule is about: a range or a group, by TCP port where there is one. */
export type Peer = ({ range: string } | { group: string }) & {
  readonly protocol?: GroupRule['protocol'];
  readonly ports?: GroupRule['ports'];
};

export const ANYWHERE: readonly Peer[] = [{ range: '0.0.0.0/0' }, { range: '::/0' }];

function ruleOf(name: string, { protocol = 'all', ports, ...peer }: Peer): GroupRule {
  const whom = 'range' in peer ? { range: peer.range as Prefix } : { group: id(peer.group) };
  return { id: id(name), protocol, peer: whom, ...(ports === undefined ? {} : { ports }) };
}

function attachmentOf(nic: string, [instance, device]: readonly [string, number]) {
  return { id: id(`at-${nic}`), instance: id(instance), device, card: 0, deleteWithInstance: true, since: 0 };
}

export function id(text: string): Id {
  return text as Id;
}

export function addresses(...texts: readonly string[]): readonly Address[] {
  return texts.map(address);
}

function some<T>(map: ReadonlyMap<Id, T>, name: string): T {
  const found = map.get(id(name));
  if (found === undefined) throw new RangeError(`the test's cloud has no ${name}`);
  return found;
}
