import { addressIn, contains, lengthOf, rangeAround, type InterfaceAddress, type Prefix } from '../../base/ip.ts';
import { inPod, linkUnder, sameLink } from '../../core/datapath/identity.ts';
import { show, type Item, type LinkRef } from '../../core/datapath/plan.ts';
import type { Ruleset } from '../../core/datapath/ruleset.ts';
import { type HostLink, KernelError, type KernelErrorKind } from './kernel.ts';

/** A thing in a world: an item as the kernel shows it, and, in a pod (or leading to one), the sandbox it is in. */
export interface Thing {
  readonly item: Item;
  readonly sandbox?: string;
  readonly foreign: boolean; // made by somebody else: without our mark
}

/** What the rules look at. */
export interface Scene {
  readonly hostLinks: readonly HostLink[];
  hasSandbox(path: string): boolean;
  things(): readonly Thing[];
  /** The veth whose pod's end is this link. */
  vethOf(link: LinkRef, sandbox: string | undefined): Item | undefined;
  /** The veth, bridge or tunnel of a name on the host. */
  hostLink(name: string): Item | undefined;
  /** Whether a link of the host was there before us. */
  isUplink(name: string): boolean;
  ruleset(): Ruleset | undefined;
}

type Kind<K extends Item['kind']> = Item & { readonly kind: K };

/**
 * Why Linux would not make an item in this world, or undefined. `there`: something of its key is there, and is to be
 * altered.
 */
export function refusalOf(
  world: Scene,
  item: Item,
  sandbox: string | undefined,
  there: boolean,
): KernelError | undefined {
  const needsSandbox = item.kind === 'veth' || inPod(item);
  if (needsSandbox && (sandbox === undefined || !world.hasSandbox(sandbox)))
    return refused('absent', 'ENOENT', item, `there is no network namespace ${sandbox}`);
  const on = linkUnder(item);
  if (on !== undefined && !hasLink(world, on, sandbox))
    return refused('absent', 'ENODEV', item, `there is no link ${on.name}`);
  switch (item.kind) {
    case 'veth':
      return there ? undefined : noRoom(world, item, sandbox);
    case 'bridge':
    case 'vxlan':
    case 'vlan':
      return world.isUplink(item.link.name) ? taken(item, item.link) : undefined;
    case 'port':
      if (world.hostLink(item.bridge.name)?.kind === 'bridge') return undefined;
      return refused('absent', 'ENODEV', item, `there is no bridge ${item.bridge.name}`);
    case 'fdb':
      if (world.hostLink(item.on.name)?.kind === 'vxlan') return undefined;
      return refused('unsupported', 'EOPNOTSUPP', item, `${item.on.name} is no tunnel`);
    case 'route':
      return noWay(world, item, sandbox);
    case 'element':
      return noPlace(world, item);
    default:
      return undefined;
  }
}

export function refused(kind: KernelErrorKind, errno: string, item: Item, said: string): KernelError {
  return new KernelError(kind, `cannot make ${show(item)}: ${errno}, ${said}`, { errno, said });
}

function taken(item: Item, link: LinkRef): KernelError {
  return refused('exists', 'EEXIST', item, `there is a link ${link.name} in the ${link.netns}`);
}

function noRoom(world: Scene, item: Kind<'veth'>, sandbox: string | undefined): KernelError | undefined {
  if (world.isUplink(item.host.name)) return taken(item, item.host);
  return hasLink(world, item.pod, sandbox) ? taken(item, item.pod) : undefined;
}

/**
 * A next hop must be on the link: by an address there, by a route without one, or as a link-local address
 * (fib_check_nh, ip6_route_check_nh).
 */
function noWay(world: Scene, item: Kind<'route'>, sandbox: string | undefined): KernelError | undefined {
  const { via, on, onlink } = item;
  if (via === undefined || onlink === true || via.startsWith('fe80:')) return undefined;
  if (near(world, on, sandbox).some((range) => contains(range, via))) return undefined;
  return refused('invalid', 'ENETUNREACH', item, `${via} is not on ${on.name}`);
}

/** The ranges that are reached through a link without a hop. */
function near(world: Scene, on: LinkRef, sandbox: string | undefined): Prefix[] {
  const uplink = on.netns === 'host' ? world.hostLinks.find(({ name }) => name === on.name) : undefined;
  const home = on.netns === 'pod' ? sandbox : undefined;
  const ranges = (uplink?.addresses ?? []).map(rangeOf);
  for (const { item, sandbox: other } of world.things()) {
    if (other !== home || !('on' in item) || !sameLink(item.on, on)) continue;
    if (item.kind === 'address') ranges.push(rangeOf(item.address));
    if (item.kind === 'route' && item.via === undefined) ranges.push(item.to);
  }
  return ranges;
}

function rangeOf(own: InterfaceAddress): Prefix {
  return rangeAround(addressIn(own), lengthOf(own));
}

/** An element must fit its set, and a range may not meet another of it. */
function noPlace(world: Scene, item: Kind<'element'>): KernelError | undefined {
  const set = world.ruleset()?.sets.find(({ name }) => name === item.set);
  if (set === undefined) return refused('absent', 'ENOENT', item, `there is no set ${item.set}`);
  if (set.key.length !== item.key.length || set.data?.length !== item.data?.length)
    return refused('invalid', 'EINVAL', item, `${item.set} holds ${set.key.join(' . ')}`);
  if (set.interval !== true) return undefined;
  const own = item.key[0] as Prefix;
  const met = world.things().find(({ item: other }) => {
    if (other.kind !== 'element' || other.set !== item.set || other.key[0] === own) return false;
    return contains(own, other.key[0] as Prefix) || contains(other.key[0] as Prefix, own);
  });
  return met === undefined ? undefined : refused('exists', 'EEXIST', item, `it meets ${show(met.item)}`);
}

function hasLink(world: Scene, link: LinkRef, sandbox: string | undefined): boolean {
  if (link.name === 'lo') return true;
  if (link.netns === 'pod') return world.vethOf(link, sandbox) !== undefined;
  return world.isUplink(link.name) || world.hostLink(link.name) !== undefined;
}
