import { keyOf } from '../../core/datapath/identity.ts';
import type { Item, LinkRef } from '../../core/datapath/plan.ts';
import { mac, type Mac } from '../../base/mac.ts';
import { LINK_FLAG, type LinkMessage } from '../../wire/rtnetlink/link.ts';
import { takeVlan, takeVxlan } from '../../wire/rtnetlink/link-kind.ts';
import type { Links } from './links.ts';
import type { Places } from './places.ts';
import type { NftItem } from './nft-door.ts';
import type { Place } from './place.ts';
import { readLink } from './readings.ts';

/** The items that rtnetlink and sysctls hold. */
export type RouteItem = Exclude<Item, NftItem>;
/** The items that are links of their own. */
export type NewLink = Extract<Item, { readonly kind: 'veth' | 'bridge' | 'vxlan' | 'vlan' }>;
export function isNewLink(item: Item): item is NewLink {
  return item.kind === 'veth' || item.kind === 'bridge' || item.kind === 'vxlan' || item.kind === 'vlan';
}

type Veth = Item & { readonly kind: 'veth' };

/** The MAC of a pod's end that cannot be seen. */
const NO_MAC: Mac = mac('00:00:00:00:00:00');

/**
 * As `keyOf`, but for unreachable routes: their metric is their own, so they stand beside the route to the same
 * range.
 */
export function slotOf(item: RouteItem): string {
  return item.kind === 'unreachable' ? `unreachable ${item.table} ${item.to}` : keyOf(item);
}

/**
 * The link an item makes, as the kernel shows it. A link that is down, or of another kind, is not shown: it does not
 * serve.
 */
export function linkShown(item: NewLink, links: Links, places: Places): NewLink | undefined {
  if (item.kind === 'veth') return vethShown(item, links, places);
  const link = links.read(item.link);
  if (link === undefined || !isUp(link) || link.kind?.kind !== item.kind) return undefined;
  switch (item.kind) {
    case 'bridge':
      return bridgeItem(item.link, link);
    case 'vxlan':
      return vxlanItem(item.link, link);
    case 'vlan':
      return vlanItem(item.link, link, places.host);
  }
}

/** The two ends of a veth, as far as they can be seen. `pod` is the other end of `host`, whatever it is called now. */
export function endsOf(item: Veth, links: Links, places: Places): { host?: LinkMessage; pod?: LinkMessage } {
  const host = links.read(item.host);
  if (host === undefined || places.pod === undefined) return host === undefined ? {} : { host };
  const named = links.read(item.pod);
  if (isOtherEnd(host, named)) return { host, pod: named };
  const numbered = host.below === undefined ? undefined : readLink(places.pod, host.below);
  return isOtherEnd(host, numbered) ? { host, pod: numbered } : { host };
}

function isOtherEnd(host: LinkMessage, other: LinkMessage | undefined): other is LinkMessage {
  return host.kind?.kind === 'veth' && other?.index === host.below && other?.below === host.index;
}

function vethShown(item: Veth, links: Links, places: Places): NewLink | undefined {
  const { host, pod } = endsOf(item, links, places);
  if (host?.kind?.kind !== 'veth' || !isUp(host) || (pod !== undefined && !isUp(pod))) return undefined;
  return vethItem(item.host, host, pod);
}

/** A veth by its host end; a pod's end that cannot be seen has no name and no MAC. */
export function vethItem(ref: LinkRef, host: LinkMessage, pod?: LinkMessage): Veth {
  const [mtu, hostMtu] = [pod?.mtu ?? host.mtu ?? 0, host.mtu ?? 0];
  return {
    kind: 'veth',
    pod: { netns: 'pod', name: pod?.name ?? '' },
    host: ref,
    mtu,
    ...(mtu === hostMtu ? {} : { hostMtu }),
    podMac: pod?.mac ?? NO_MAC,
    hostMac: host.mac ?? NO_MAC,
    alias: host.alias ?? '',
  };
}

export function bridgeItem(ref: LinkRef, link: LinkMessage): NewLink {
  return { kind: 'bridge', link: ref, mtu: link.mtu ?? 0, mac: link.mac ?? NO_MAC };
}

/** Undefined when the device has no address of its own: none of ours. */
export function vxlanItem(ref: LinkRef, link: LinkMessage): (NewLink & { kind: 'vxlan' }) | undefined {
  const { id = 0, port = 0, local, local6 } = takeVxlan(link.kind?.data ?? new Uint8Array());
  const under = local ?? local6;
  if (under === undefined) return undefined;
  return { kind: 'vxlan', link: ref, vni: id, port, local: under, mtu: link.mtu ?? 0, mac: link.mac ?? NO_MAC };
}

/** A VLAN's link, and the one under it. Undefined when its data tell no number. */
export function vlanItem(ref: LinkRef, link: LinkMessage, host: Place): (NewLink & { kind: 'vlan' }) | undefined {
  const { id } = takeVlan(link.kind?.data ?? new Uint8Array());
  const name = link.below === undefined ? undefined : readLink(host, link.below)?.name;
  if (id === undefined) return undefined;
  const under: LinkRef = { netns: 'host', name: name ?? '' };
  return { kind: 'vlan', link: ref, under, id, mtu: link.mtu ?? 0, mac: link.mac ?? NO_MAC };
}

export function isUp({ flags }: Pick<LinkMessage, 'flags'>): boolean {
  return (flags & LINK_FLAG.UP) !== 0;
}

/** A link that is up as the kernel shows it; of its MTU nothing is said where none was asked for. */
export function upShown(item: Item & { kind: 'up' }, { mtu }: Pick<LinkMessage, 'mtu'>): Item & { kind: 'up' } {
  return item.mtu === undefined || mtu === undefined ? item : { ...item, mtu };
}
