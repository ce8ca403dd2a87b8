import { linksOf, linkUnder, sameLink } from '../../core/datapath/identity.ts';
import { type Item, type LinkRef, show } from '../../core/datapath/plan.ts';
import { ERRNO } from '../../wire/netlink/errno.ts';
import { inLine, linkChange } from './alter.ts';
import { sendBatch } from './batch.ts';
import { creation, type Steps, type Tools } from './create.ts';
import { type Ensured, KernelError } from './kernel.ts';
import { isNewLink, type RouteItem, slotOf } from './link-item.ts';
import type { LinkNumbers } from './link-numbers.ts';
import { Links } from './links.ts';
import type { Places } from './places.ts';
import { observe } from './observe.ts';
import { isObject, removing } from './requests.ts';
import { type Performed, perform } from './steps.ts';

/** What stays the same from call to call. */
export interface Bench {
  readonly numbers: LinkNumbers;
  readonly v6: boolean;
}

/** How often a call starts again because an index was taken, or a tunnel had to be removed first. */
const TRIES = 8;
const MOVING = 'the links changed as often as they were brought in line: somebody else changes them too';

/**
 * Makes items exist, as `Kernel.ensure` promises. A pod that is new costs two sends; anything else is looked at
 * first.
 */
export function ensure(places: Places, items: readonly RouteItem[], bench: Bench): Ensured {
  if (isNewPod(items)) {
    const quick = make(items, toolsFor(places, bench), () => undefined);
    if (!nameOrNumberTaken(quick)) return inOrder(items, quick.made, quick.failure);
  }
  const made: Item[] = [];
  for (let tries = 1; ; tries++) {
    const { again, failure, ...attempt } = ensureObserved(items, toolsFor(places, bench));
    made.push(...attempt.made);
    if (!again) return inOrder(items, made, failure);
    const [item] = items;
    if (tries === TRIES && item !== undefined)
      return inOrder(items, made, failure ?? { item, error: new KernelError('busy', MOVING) });
  }
}

/** What was made, in the order of the plan: whoever takes it back goes through it from its end. */
function inOrder(items: readonly RouteItem[], made: readonly Item[], failure: Ensured['failure']): Ensured {
  const all = new Set(made);
  const ordered = items.filter((item) => all.has(item));
  return failure === undefined ? { made: ordered } : { made: ordered, failure };
}

function toolsFor(places: Places, { numbers, v6 }: Bench): Tools {
  return { places, links: new Links(places), numbers, v6 };
}

/**
 * Whether all of the items stand on a veth of theirs, or are the pod's loopback: then none is there if the veth is
 * not.
 */
function isNewPod(items: readonly RouteItem[]): boolean {
  const [veth, ...others] = items;
  if (veth?.kind !== 'veth') return false;
  return others.every((item) => {
    const on = linkUnder(item);
    if (on === undefined) return false;
    return sameLink(on, veth.host) || sameLink(on, veth.pod) || (item.kind === 'up' && on.name === 'lo');
  });
}

function isOnOneOf(item: Item, links: readonly LinkRef[]): boolean {
  const on = linkUnder(item);
  return on !== undefined && links.some((link) => sameLink(on, link));
}

/** A link was refused because its name, or the index we chose, is taken: nothing that stands on it was made. */
function nameOrNumberTaken({ failure, fault }: Performed): boolean {
  const taken = fault?.errno === ERRNO.EEXIST || fault?.errno === ERRNO.EBUSY;
  return taken && failure !== undefined && isNewLink(failure.item);
}

function performAll(places: Places, { host, pod, failure }: Steps): Performed {
  const inHost = perform(places.host, host);
  if (inHost.failure !== undefined) return inHost;
  const inPod: Performed = pod.length === 0 ? { made: [] } : perform(places.of('pod'), pod);
  const made = [...new Set([...inHost.made, ...inPod.made])];
  const failed = inPod.failure === undefined ? failure : inPod.failure;
  return { ...inPod, made, ...(failed === undefined ? {} : { failure: failed }) };
}

/** Looks at what there is and does what is missing. `again` when another look is needed to know what still is. */
function ensureObserved(items: readonly RouteItem[], tools: Tools): Performed & { readonly again: boolean } {
  const { places, links } = tools;
  const there = new Map(observe(places, items, links).map((item) => [slotOf(item), item]));
  const missing = items.filter((item) => {
    const shown = there.get(slotOf(item));
    return shown === undefined || !isMet(item, shown, links);
  });
  // a link that is changed may lose what stands on it: neighbours with its MAC, routes while it is down
  const changes = missing.filter(isNewLink).map((item) => linkChange(item, tools));
  if (changes.some((steps) => steps !== undefined && steps.failure === undefined)) {
    const of = (netns: 'host' | 'pod') => changes.flatMap((steps) => steps?.[netns] ?? []);
    const changed = performAll(places, { host: of('host'), pod: of('pod') });
    return { ...changed, again: changed.failure === undefined };
  }
  const standing = (item: RouteItem): Steps | undefined => {
    const shown = there.get(slotOf(item));
    if (isNewLink(item)) return linkChange(item, tools);
    return shown === undefined ? undefined : inLine(item, shown, tools);
  };
  const result = make(missing, tools, standing);
  return { ...result, again: nameOrNumberTaken(result) };
}

/**
 * Makes items. When an index we chose for a link is another link's, what was meant to stand on ours now stands on that
 * one: the kernel goes on after the refusal. It is taken back.
 */
function make(items: readonly RouteItem[], tools: Tools, standing: (item: RouteItem) => Steps | undefined): Performed {
  const { places, links } = tools;
  const result = performAll(places, creation(items, tools, standing));
  if (!nameOrNumberTaken(result) || result.failure === undefined) return result;
  const refused = linksOf(result.failure.item);
  const astray = result.made.filter((item) => isOnOneOf(item, refused));
  sendBatch(
    places.host,
    astray.filter(isObject).map((item) => removing(item, links)),
  );
  return { ...result, made: result.made.filter((item) => !astray.includes(item)) };
}

/** Whether what is shown is the item. A neighbour shows its MAC, where a plan may name the link that has it. */
function isMet(item: RouteItem, shown: RouteItem, links: Links): boolean {
  if (item.kind !== 'neighbour' || typeof item.at === 'string') return show(item) === show(shown);
  return shown.kind === 'neighbour' && shown.at === links.read(item.at)?.mac;
}
