import type { Address, Family, InterfaceAddress, Prefix } from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';
import type { Ruleset, SetName } from './ruleset.ts';

/** A link by place and name. Never by index: an index exists only after the kernel made the link. */
export interface LinkRef {
  readonly netns: 'host' | 'pod';
  readonly name: string; // at most 15 bytes (IFNAMSIZ - 1, linux/if.h)
}

/**
 * Settings of one interface, net.ipv4.conf.<if>.* and net.ipv6.conf.<if>.*, by their last word with the family in
 * front.
 */
export type SysctlKey =
  | 'v4.forwarding'
  | 'v4.rp_filter'
  | 'v4.route_localnet'
  | 'v6.accept_ra'
  | 'v6.disable_ipv6'
  | 'v6.addr_gen_mode';

/** Settings of a whole network namespace. */
export type HostSysctlKey =
  | 'net.ipv4.ip_forward'
  | 'net.ipv6.conf.all.forwarding'
  | 'net.ipv4.tcp_early_demux'
  | 'net.ipv4.udp_early_demux';

/**
 * One thing that shall exist in the kernel. Each kind has one opposite: that it shall not.
 * What belongs to a link (address, route, neighbour, sysctl, port, qdisc) vanishes with it.
 */
export type Item =
  /**
   * A veth pair: the pod's end is born in the pod's namespace, both ends up, one queue each. `hostMtu` absent: both
   * ends have `mtu`; it is there when a chained plugin gave the pod's end another.
   */
  | {
      readonly kind: 'veth';
      readonly pod: LinkRef;
      readonly host: LinkRef;
      readonly mtu: number;
      readonly hostMtu?: number;
      readonly podMac: Mac;
      readonly hostMac: Mac;
      readonly alias: string;
    }
  | { readonly kind: 'bridge'; readonly link: LinkRef; readonly mtu: number; readonly mac: Mac }
  /** A VXLAN device without learning; `local` is the node's address under it. UDP port in host order. */
  | {
      readonly kind: 'vxlan';
      readonly link: LinkRef;
      readonly vni: number;
      readonly port: number;
      readonly local: Address;
      readonly mtu: number;
      readonly mac: Mac;
    }
  /** A link of its own for what `under` carries with that VLAN tag (802.1Q). */
  | {
      readonly kind: 'vlan';
      readonly link: LinkRef;
      readonly under: LinkRef;
      readonly id: number;
      readonly mtu: number;
      readonly mac: Mac;
    }
  /** `on` is a port of `bridge`; with `hairpin` it may get back what it sent. */
  | { readonly kind: 'port'; readonly on: LinkRef; readonly bridge: LinkRef; readonly hairpin: boolean }
  /** Somebody else's link is up, e.g. the pod's lo; with an MTU where it shall have that one. */
  | { readonly kind: 'up'; readonly on: LinkRef; readonly mtu?: number }
  | { readonly kind: 'address'; readonly on: LinkRef; readonly address: InterfaceAddress }
  /** A permanent neighbour. `at` is a MAC, or the link whose MAC it shall have, whatever that is. */
  | { readonly kind: 'neighbour'; readonly on: LinkRef; readonly address: Address; readonly at: Mac | LinkRef }
  /** A forwarding entry of a VXLAN device: frames for `mac` go to node `to`. */
  | { readonly kind: 'fdb'; readonly on: LinkRef; readonly mac: Mac; readonly to: Address }
  /** `via` absent: on the link itself. `onlink`: do not ask whether `via` is reachable. */
  | {
      readonly kind: 'route';
      readonly on: LinkRef;
      readonly to: Prefix;
      readonly via?: Address;
      readonly onlink?: boolean;
      readonly source?: Address;
      readonly mtu?: number;
      readonly table: number;
    }
  /** Packets to `to` that no longer route takes are answered "unreachable", so that they do not circle. */
  | { readonly kind: 'unreachable'; readonly to: Prefix; readonly table: number }
  /** A policy rule, of the host or (`netns`) of the pod's own namespace. */
  | {
      readonly kind: 'rule';
      readonly netns?: 'pod';
      readonly family: Family;
      readonly priority: number;
      readonly from?: Prefix;
      readonly to?: Prefix;
      readonly iif?: string;
      readonly mark?: { readonly value: number; readonly mask: number };
      /** Routes of this length and shorter do not count: with 31 only single hosts do. */
      readonly suppress?: number;
      readonly table: number;
    }
  /**
   * The rule by which the kernel finds its own addresses stands at this priority and nowhere before it; the kernel's
   * own is 0. A setting: nobody is harmed when it stays where it is.
   */
  | { readonly kind: 'local-rule'; readonly family: Family; readonly priority: number }
  | { readonly kind: 'sysctl'; readonly on: LinkRef; readonly key: SysctlKey; readonly value: number }
  | { readonly kind: 'host-sysctl'; readonly key: HostSysctlKey; readonly value: number }
  /** A token bucket at the root of a link: bits per second, bits. Shapes what leaves through the link. */
  | { readonly kind: 'tbf'; readonly on: LinkRef; readonly rateBits: number; readonly burstBits: number }
  /** The whole static part of our nftables table, chains and rules and empty sets. One per node. */
  | { readonly kind: 'ruleset'; readonly ruleset: Ruleset }
  /** One element of a set or map of that table. Fields are text: addresses, "tcp", ports. */
  | {
      readonly kind: 'element';
      readonly set: SetName;
      readonly key: readonly string[];
      readonly data?: readonly string[];
    }
  /**
   * Accept rules for our ranges at the head of a foreign forward chain that drops by policy. Absent chain = success.
   */
  | { readonly kind: 'forward-accept'; readonly family: Family; readonly range: Prefix };

export type ItemKind = Item['kind'];

/** In the order to create. The order to remove is the reverse. */
export type Plan = readonly Item[];

/** The item as one line: for explain, logs, golden files, and as its identity. Equal lines are equal items. */
export function show(item: Item): string {
  const on = (link: LinkRef) => `${link.netns}:${link.name}`;
  const table = (number: number) => (number === 254 ? '' : ` table ${number}`);
  switch (item.kind) {
    case 'veth': {
      const other = item.hostMtu === undefined || item.hostMtu === item.mtu ? '' : `/${item.hostMtu}`;
      return `veth ${on(item.pod)} ${item.podMac} <-> ${on(item.host)} ${item.hostMac} mtu ${item.mtu}${other}`;
    }
    case 'bridge':
      return `bridge ${on(item.link)} ${item.mac} mtu ${item.mtu}`;
    case 'vxlan':
      return `vxlan ${on(item.link)} ${item.mac} vni ${item.vni} local ${item.local} port ${item.port} mtu ${item.mtu}`;
    case 'vlan':
      return `vlan ${on(item.link)} ${item.mac} id ${item.id} under ${on(item.under)} mtu ${item.mtu}`;
    case 'local-rule':
      return `local-rule ${item.family} ${item.priority}`;
    case 'port':
      return `port ${on(item.on)} of ${on(item.bridge)}${item.hairpin ? ' hairpin' : ''}`;
    case 'up':
      return `up ${on(item.on)}${item.mtu === undefined ? '' : ` mtu ${item.mtu}`}`;
    case 'address':
      return `address ${item.address} on ${on(item.on)}`;
    case 'neighbour':
      return `neighbour ${item.address} at ${typeof item.at === 'string' ? item.at : `the MAC of ${on(item.at)}`} on ${on(item.on)}`;
    case 'fdb':
      return `fdb ${item.mac} to ${item.to} on ${on(item.on)}`;
    case 'route': {
      const via = item.via === undefined ? '' : ` via ${item.via}${item.onlink ? ' onlink' : ''}`;
      const source = item.source === undefined ? '' : ` src ${item.source}`;
      const more = `${source}${item.mtu === undefined ? '' : ` mtu ${item.mtu}`}`;
      return `route ${item.to}${via} on ${on(item.on)}${more}${table(item.table)}`;
    }
    case 'unreachable':
      return `unreachable ${item.to}${table(item.table)}`;
    case 'rule': {
      const mark = item.mark === undefined ? '' : ` mark ${item.mark.value}/${item.mark.mask}`;
      const match = [
        item.from === undefined ? '' : ` from ${item.from}`,
        item.to === undefined ? '' : ` to ${item.to}`,
        item.iif === undefined ? '' : ` iif ${item.iif}`,
        mark,
      ].join('');
      const suppress = item.suppress === undefined ? '' : ` suppress /${item.suppress}`;
      const owner = item.netns === undefined ? '' : 'pod ';
      return `rule ${owner}${item.family} ${item.priority}${match} table ${item.table}${suppress}`;
    }
    case 'sysctl':
      return `sysctl ${item.key}=${item.value} on ${on(item.on)}`;
    case 'host-sysctl':
      return `sysctl ${item.key}=${item.value}`;
    case 'tbf':
      return `tbf ${item.rateBits} bit/s burst ${item.burstBits} bit on ${on(item.on)}`;
    case 'ruleset':
      return `ruleset ${item.ruleset.table} ${item.ruleset.tag}`;
    case 'element':
      return `element ${item.key.join(' . ')}${item.data === undefined ? '' : ` : ${item.data.join(' . ')}`} in ${item.set}`;
    case 'forward-accept':
      return `forward-accept ${item.range}`;
  }
}
