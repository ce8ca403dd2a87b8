import { HOST_LINK_PREFIX, LINK_ALIAS } from '../../core/datapath/numbers.ts';
import { type Item, type LinkRef, show } from '../../core/datapath/plan.ts';
import { inPod, isSetting, linksOf, linkUnder, sameLink } from '../../core/datapath/identity.ts';
import { ERRNO } from '../../wire/netlink/errno.ts';
import { type Fault, type Request, sendBatch } from './batch.ts';
import { kernelError } from './kernel-error.ts';
import { KernelError, type Remaining } from './kernel.ts';
import { isNewLink, type NewLink, type RouteItem } from './link-item.ts';
import { Links } from './links.ts';
import type { Places } from './places.ts';
import { isObject, leaving, removing, removingLink } from './requests.ts';

/** What is left, and the links that must go by themselves: deleting takes long. */
export interface Removal {
  readonly remaining: readonly Remaining[];
  readonly links: readonly { readonly item: NewLink; readonly index: number }[];
}

/** Errors that say: there is none. */
const ABSENT: ReadonlySet<number> = new Set([ERRNO.ENOENT, ERRNO.ESRCH, ERRNO.ENODEV, ERRNO.EADDRNOTAVAIL]);
const BATCH_REQUESTS = 128;

/**
 * Whether an item needs a word of its own to go: a setting never goes, and what stands on a link that goes too goes
 * with it.
 */
export function needsRemoval(item: Item, items: readonly Item[]): boolean {
  const on = linkUnder(item);
  const gone = items.flatMap(linksOf);
  return !isSetting(item) && (on === undefined || !gone.some((link) => sameLink(link, on)));
}

/**
 * Removes all that stands by itself and finds the links that are to go. `items` are those that need removal, in
 * order.
 */
export function removeObjects(places: Places, items: readonly RouteItem[]): Removal {
  const links = new Links(places);
  const remaining: Remaining[] = [];
  const found: { item: NewLink; index: number }[] = [];
  for (const item of items.filter(isNewLink)) {
    const index = indexToRemove(item, links, places);
    if (index !== undefined) found.push({ item, index });
  }
  for (const netns of ['pod', 'host'] as const) {
    const there = items.filter((item) => !isNewLink(item) && (inPod(item) ? 'pod' : 'host') === netns);
    if (there.length === 0 || places[netns] === undefined) continue; // a sandbox that is gone took all with it
    for (let at = 0; at < there.length; at += BATCH_REQUESTS)
      remaining.push(...removeSome(places, netns, there.slice(at, at + BATCH_REQUESTS), links));
  }
  return { remaining, links: found };
}

function removeSome(places: Places, netns: LinkRef['netns'], items: readonly RouteItem[], links: Links): Remaining[] {
  const asked = items.flatMap((item) => {
    const request = requestFor(item, links);
    return request === undefined ? [] : [{ item, request }];
  });
  const { faults } = sendBatch(
    places.of(netns),
    asked.map(({ request }) => request),
  );
  return asked.flatMap(({ item }, i) => {
    const fault = faults.get(i);
    if (fault === undefined || meansAbsent(item, fault)) return [];
    return [{ item, error: kernelError(fault.errno, `remove ${show(item)}`, fault.said) }];
  });
}

/** The request that removes an item; undefined when it cannot be there, for its link is not. */
function requestFor(item: RouteItem, links: Links): Request | undefined {
  try {
    if (item.kind === 'port') {
      const isPort = links.read(item.on)?.master === links.index(item.bridge);
      return isPort ? leaving(item, links) : undefined;
    }
    return isObject(item) ? removing(item, links) : undefined; // links go by themselves, settings stay
  } catch (error) {
    if (error instanceof KernelError && error.kind === 'absent') return undefined;
    throw error;
  }
}

/** A queueing discipline of another kind in the place of ours is answered with EINVAL. */
function meansAbsent(item: RouteItem, { errno }: Fault): boolean {
  return ABSENT.has(errno) || (item.kind === 'tbf' && errno === ERRNO.EINVAL);
}

/**
 * The index of the link an item made, in the host; undefined when there is none of ours. One whose host end somebody
 * renamed is found by its pod's end, and deleted from there.
 */
function indexToRemove(item: NewLink, links: Links, places: Places): number | undefined {
  if (item.kind !== 'veth') {
    const link = links.read(item.link);
    return link?.kind?.kind === item.kind && link.alias === LINK_ALIAS ? link.index : undefined;
  }
  const host = links.read(item.host);
  const named = item.host.name.startsWith(HOST_LINK_PREFIX) || (item.alias !== '' && host?.alias === item.alias);
  if (host?.kind?.kind === 'veth' && named) return host.index;
  const pod = links.read(item.pod);
  if (places.pod !== undefined && pod?.kind?.kind === 'veth' && pod.mac === item.podMac)
    sendBatch(places.pod, [removingLink(pod.index)]);
  return undefined;
}
