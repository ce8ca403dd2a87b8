import { difference, type Change, type Difference } from './difference.ts';
import { isSetting, keyOf, linksOf, linkUnder } from './identity.ts';
import type { Item, LinkRef, Plan } from './plan.ts';

/** What to take away first, and what to ensure then. Both in the order to create. */
export interface Mending {
  readonly remove: Plan;
  readonly ensure: Plan;
}

/**
 * How to bring the kernel to a plan: what differs is altered in place, and made anew, with all that lives on it,
 * where it cannot be altered.
 */
export function mend(plan: Plan, { missing, changed }: Difference): Mending {
  const goals = new Map(changed.map(({ want, goal }) => [want, goal]));
  const remove = changed.filter((change) => !alterable(change)).map(({ have }) => have);
  const lost = new Set(remove.flatMap(linksOf).map(text));
  const needed = new Set([
    ...missing,
    ...goals.keys(),
    ...plan.filter((item) => standsOn(item).some((at) => lost.has(at))),
  ]);
  return { remove, ensure: plan.filter((item) => needed.has(item)).map((item) => goals.get(item) ?? item) };
}

/**
 * From one node plan to the next: take `remove` back, then make `add`. What both have is touched by neither. Links
 * that `standing` pods still use are kept with all that is on them: the sweep takes them when the last of these pods
 * has gone.
 */
export function transition(before: Plan, after: Plan, standing: readonly Plan[] = []): { add: Plan; remove: Plan } {
  const { remove, ensure } = mend(after, difference(after, before, { podEnd: {}, staleNeighbours: false }));
  const replaced = new Set(remove);
  const lost = lostOf(before, [after], standing);
  return { add: ensure, remove: before.filter((item) => replaced.has(item) || lost.has(item)) };
}

/**
 * What of the inventory belongs to nobody: of ours, and of no valid attachment and not of the node. In the order to
 * create.
 */
export function sweep(inventory: Plan, attachments: readonly Plan[], node: Plan): Plan {
  const lost = lostOf(inventory, [node, ...attachments], attachments);
  return inventory.filter((item) => lost.has(item));
}

/**
 * Items that no plan has, without those that need no removing: settings, what vanishes with its link, what pods stand
 * on.
 */
function lostOf(items: Plan, plans: readonly Plan[], standing: readonly Plan[]): ReadonlySet<Item> {
  const wanted = new Set(plans.flatMap((plan) => plan.map(keyOf)));
  const made = new Set(plans.flatMap((plan) => plan.flatMap(linksOf)).map(text));
  const borrowed = new Set(standing.flatMap((plan) => plan.flatMap(standsOn)).filter((link) => !made.has(link)));
  const lost = items.filter((item) => {
    const links = [...linksOf(item).map(text), ...standsOn(item)];
    return !wanted.has(keyOf(item)) && !isSetting(item) && !links.some((link) => borrowed.has(link));
  });
  const links = new Set(lost.flatMap(linksOf).map(text));
  return new Set(lost.filter((item) => !standsOn(item).some((link) => links.has(link))));
}

/** The links without which an item cannot be. */
function standsOn(item: Item): string[] {
  const on = linkUnder(item);
  return [...(on === undefined ? [] : [on]), ...(item.kind === 'port' ? [item.bridge] : [])].map(text);
}

/** Whether the kernel can bring one thing to what another is. A link's kind, and where a tunnel ends, are for life. */
function alterable({ goal, have }: Change): boolean {
  if (goal.kind === 'vxlan' && have.kind === 'vxlan')
    return goal.vni === have.vni && goal.port === have.port && goal.local === have.local;
  if (goal.kind === 'vlan' && have.kind === 'vlan') return goal.id === have.id && text(goal.under) === text(have.under);
  if (goal.kind === 'veth' && have.kind === 'veth') return text(goal.pod) === text(have.pod);
  return goal.kind === have.kind;
}

function text(link: LinkRef): string {
  return `${link.netns}:${link.name}`;
}
