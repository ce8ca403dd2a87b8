import { silent } from '../../src/base/log.ts';
import { address, familyOf, prefix, type Address } from '../../src/base/ip.ts';
import { internalElements, podElements } from '../../src/core/datapath/elements.ts';
import { nodeRuleset, type RulesetOptions } from '../../src/core/datapath/node-ruleset.ts';
import type { PortMapping } from '../../src/core/attachment.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';
import type { NftDoor, NftItem } from '../../src/io/kernel/nft-door.ts';
import { join, Space } from './space.ts';

// A node with an outside, and pods made by plain `ip`, so that only nftables is Berth's here.
//   outside eth0 192.0.2.9, 198.51.100.9 ── uplink 192.0.2.1 node ── pods 10.1.0.x        and the same in IPv6

export const NODE = { v4: address('192.0.2.1'), v6: address('2001:db8::1') };
export const OUTSIDE = { v4: address('192.0.2.9'), v6: address('2001:db8::9') };
/** Addresses of the same host that belong to a range which the tests make internal. */
export const INSIDE = { v4: address('198.51.100.9'), v6: address('2001:db8:1::9') };

export interface Pod {
  readonly space: Space;
  readonly link: string; // where the node sees its packets come in
  readonly addresses: readonly [Address, Address];
}

/** The node of a test. Close it. */
export class SmallNode {
  readonly node: Space;
  readonly outside: Space;
  readonly mode: 'routed' | 'bridge';
  readonly nft: NftDoor;
  readonly #pods: Space[] = [];

  private constructor(node: Space, outside: Space, mode: 'routed' | 'bridge') {
    [this.node, this.outside, this.mode] = [node, outside, mode];
    this.nft = openNft({ log: silent, netns: node.netns });
  }

  static async open(mode: 'routed' | 'bridge'): Promise<SmallNode> {
    const [node, outside] = await Promise.all([Space.open(), Space.open()]);
    join(node, 'uplink', outside, 'eth0');
    for (const line of ['192.0.2.1/24 dev uplink', '2001:db8::1/64 dev uplink nodad']) node.ip(`address add ${line}`);
    for (const to of ['192.0.2.9/24', '198.51.100.9/32', '2001:db8::9/64', '2001:db8:1::9/128'])
      outside.ip(`address add ${to} dev eth0${to.includes(':') ? ' nodad' : ''}`);
    node.ip('route add 198.51.100.0/24 via 192.0.2.9');
    node.ip('route add 2001:db8:1::/64 via 2001:db8::9');
    node.sysctl('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    if (mode === 'bridge') makeBridge(node);
    const made = new SmallNode(node, outside, mode);
    made.make([made.ruleset(), ...made.internal([])]);
    return made;
  }

  ruleset(masquerade: RulesetOptions['masquerade'] = { enabled: true, ports: 'kept' }): NftItem {
    const options = { mode: this.mode, bridge: 'berth0', masquerade, checkSources: true };
    return { kind: 'ruleset', ruleset: nodeRuleset(options) };
  }

  /** The node's elements with the pods' range and these as internal. */
  internal(ranges: readonly string[]): readonly NftItem[] {
    const internal = ['10.1.0.0/16', 'fd00::/64', ...ranges].map(prefix);
    return internalElements(internal) as readonly NftItem[];
  }

  /** Pod number `host`, 10.1.0.host and fd00::host. */
  async pod(host: number, ports: readonly PortMapping[] = []): Promise<Pod> {
    const space = await Space.open();
    this.#pods.push(space);
    const addresses = [address(`10.1.0.${host}`), address(`fd00::${host}`)] as const;
    const end = `bth${host}`;
    join(this.node, end, space, 'eth0');
    if (this.mode === 'routed') attachRouted(this.node, space, { end, addresses });
    else await attachToBridge(this.node, space, { end, addresses });
    const pod = {
      space,
      link: this.mode === 'routed' ? end : 'berth0',
      addresses: [...addresses] as [Address, Address],
    };
    this.make(this.itemsOf(pod, ports));
    return pod;
  }

  itemsOf({ link, addresses }: Pod, ports: readonly PortMapping[]): readonly NftItem[] {
    return podElements({ link, addresses, ports }) as readonly NftItem[];
  }

  /** Throws what could not be made. */
  make(items: readonly NftItem[]): void {
    const { failure } = this.nft.ensure(items);
    if (failure !== undefined) throw failure.error;
  }

  async close(): Promise<void> {
    this.nft.close();
    await Promise.all([this.node, this.outside, ...this.#pods].map((space) => space.close()));
  }
}

interface Ends {
  readonly end: string;
  readonly addresses: readonly [Address, Address];
}

/** Whether br_netfilter shows bridged packets to the rules of IP. Nothing where the kernel has none. */
export function seeBridged(node: Space, seen: boolean): void {
  for (const ip of ['iptables', 'ip6tables']) node.sysctl('-e', `net.bridge.bridge-nf-call-${ip}=${Number(seen)}`);
}

function attachRouted(node: Space, pod: Space, { end, addresses }: Ends): void {
  node.sysctl(`net.ipv4.conf.${end}.route_localnet=1`);
  const [{ address: mac }] = JSON.parse(node.ip(`-j link show ${end}`)) as [{ address: string }];
  node.ip(`address add fe80::1/64 dev ${end} nodad`);
  for (const it of addresses) {
    node.ip(`route add ${it} dev ${end}`);
    pod.ip(`address add ${it} dev eth0${familyOf(it) === 'v6' ? ' nodad' : ''}`);
  }
  pod.ip('route add 169.254.1.1 dev eth0');
  pod.ip(`neighbour add 169.254.1.1 lladdr ${mac} dev eth0 nud permanent`);
  pod.ip('route add default via 169.254.1.1');
  pod.ip('route add default via fe80::1 dev eth0');
}

function makeBridge(node: Space): void {
  // else it changes with every port, and caches go stale
  node.ip('link add berth0 address 02:00:00:00:00:01 type bridge');
  node.ip('link set berth0 up');
  node.ip('address add 10.1.0.1/24 dev berth0');
  node.ip('address add fd00::1/64 dev berth0 nodad');
  node.ip('address add fe80::1/64 dev berth0 nodad'); // without one that is sure, no neighbour is looked for
  node.sysctl('net.ipv4.conf.berth0.route_localnet=1');
  seeBridged(node, false); // on in new namespaces of kernels that have it
}

async function attachToBridge(node: Space, pod: Space, { end, addresses }: Ends): Promise<void> {
  node.ip(`link set ${end} master berth0`);
  node.ip(`link set ${end} type bridge_slave hairpin on`);
  for (const it of addresses)
    pod.ip(`address add ${it}/${familyOf(it) === 'v4' ? '24 dev eth0' : '64 dev eth0 nodad'}`);
  pod.ip('route add default via 10.1.0.1');
  pod.ip('route add default via fd00::1');
  // the bridge has no carrier before its first port, hears of it within a second, and speaks no IPv6 until then
  while (!node.ip('link show berth0').includes('state UP')) await new Promise((resolve) => setTimeout(resolve, 20));
}
