import type { Mac } from '../../base/mac.ts';
import { keyOf, sameLink } from './identity.ts';
import { show, type Item, type LinkRef, type Plan } from './plan.ts';

/**
 * What is there in another way than wanted. `goal` is what would be right, as far as it is ours to say: what to
 * ensure.
 */
export interface Change {
  readonly want: Item; // of the plan
  readonly have: Item;
  readonly goal: Item;
}

/** A plan beside the kernel. `missing` and `changed` in the plan's order. */
export interface Difference {
  readonly missing: Plan;
  readonly changed: readonly Change[];
  readonly foreign: Plan; // in the plan's places, and not of it: no fault
}

/**
 * What the pod's end of a veth may be without being wrong: its MAC and MTU are open to plugins that come after us in
 * a chain.
 */
export interface Tolerance {
  /** `any`: whatever it is now. Else the value, and where none is given the plan's. */
  readonly podEnd: 'any' | { readonly mac?: Mac; readonly mtu?: number };
  /**
   * Whether a permanent neighbour may still have the MAC that the plan gave to its link: a change of MAC is followed,
   * but not at once.
   */
  readonly staleNeighbours: boolean;
}

/** For repair: the pod's end is what a chained plugin made of it, and neighbours follow it. */
export const REPAIR: Tolerance = { podEnd: 'any', staleNeighbours: false };

/**
 * For CHECK: MAC and MTU of the pod's end are what prevResult tells, else what the plan wants. The values may be as a
 * runtime wrote them.
 */
export function CHECK(told: { readonly mac?: string; readonly mtu?: number } = {}): Tolerance {
  const mac = told.mac === undefined ? {} : { mac: told.mac.toLowerCase() as Mac };
  return { podEnd: { ...mac, ...(told.mtu === undefined ? {} : { mtu: told.mtu }) }, staleNeighbours: true };
}

/** Compares a plan with what was observed in its places. */
export function difference(plan: Plan, observed: Plan, tolerance: Tolerance = REPAIR): Difference {
  const found = new Map(observed.map((item) => [keyOf(item), item]));
  const missing: Item[] = [];
  const changed: Change[] = [];
  for (const want of plan) {
    const have = found.get(keyOf(want));
    if (have === undefined) {
      missing.push(want);
      continue;
    }
    const goal = goalOf(want, have, tolerance);
    if (!same(goal, have, { plan, observed, tolerance })) changed.push({ want, have, goal });
  }
  const wanted = new Set(plan.map(keyOf));
  return { missing, changed, foreign: observed.filter((item) => !wanted.has(keyOf(item))) };
}

/** Whether nothing is missing or changed. */
export function agrees({ missing, changed }: Difference): boolean {
  return missing.length === 0 && changed.length === 0;
}

/** What is wrong, a phrase each: for CHECK's error, the log and `explain`. Empty when all is well. */
export function describe({ missing, changed }: Difference): string[] {
  return [...missing.map((item) => `${show(item)} is missing`), ...changed.map(describeChange)];
}

/** What would be right for an item that is there: as planned, with what is not ours to say taken from what is. */
function goalOf(want: Item, have: Item, { podEnd }: Tolerance): Item {
  if (want.kind !== 'veth' || have.kind !== 'veth') return want;
  const told = podEnd === 'any' ? { mac: have.podMac, mtu: have.mtu } : podEnd;
  const mtu = told.mtu ?? want.mtu;
  const { hostMtu = want.mtu, ...rest } = want;
  return { ...rest, podMac: told.mac ?? want.podMac, mtu, ...(hostMtu === mtu ? {} : { hostMtu }) };
}

interface Scene {
  readonly plan: Plan;
  readonly observed: Plan;
  readonly tolerance: Tolerance;
}

function same(goal: Item, have: Item, scene: Scene): boolean {
  if (goal.kind === 'tbf' && have.kind === 'tbf')
    return Math.abs(goal.rateBits - have.rateBits) < 8 && near(goal.burstBits, have.burstBits);
  if (goal.kind === 'neighbour' && have.kind === 'neighbour') return sameNeighbour(goal, have, scene);
  return show(goal) === show(have);
}

/**
 * The kernel keeps whole bytes per second, and the burst as time in ticks of 64 ns: what comes back is not exactly
 * what was given.
 */
function near(goal: number, have: number): boolean {
  return Math.abs(goal - have) <= Math.max(8, goal * 0.02);
}

type Neighbour = Item & { readonly kind: 'neighbour' };

function sameNeighbour(goal: Neighbour, have: Neighbour, { plan, observed, tolerance }: Scene): boolean {
  if (show(goal) === show(have)) return true;
  if (typeof goal.at === 'string' || typeof have.at !== 'string') return false;
  const planned = macIn(plan, goal.at);
  const current = macIn(observed, goal.at) ?? planned;
  return have.at === current || (tolerance.staleNeighbours && have.at === planned);
}

/** The MAC that a plan gives to a link. */
function macIn(plan: Plan, link: LinkRef): Mac | undefined {
  for (const item of plan) {
    if (item.kind === 'veth' && sameLink(item.pod, link)) return item.podMac;
    if (item.kind === 'veth' && sameLink(item.host, link)) return item.hostMac;
    if ((item.kind === 'bridge' || item.kind === 'vxlan' || item.kind === 'vlan') && sameLink(item.link, link))
      return item.mac;
  }
  return undefined;
}

function describeChange({ goal, have }: Change): string {
  const now = attributesOf(have);
  const other = [...attributesOf(goal)].filter(([name, value]) => now.get(name) !== value);
  if (goal.kind !== have.kind || other.length === 0) return `${show(have)} is there instead of ${show(goal)}`;
  const parts = other.map(([name, value]) => `${name} is ${now.get(name)}, not ${value}`);
  return `${'link' in goal ? goal.link.name : 'pod' in goal ? goal.pod.name : ''}: ${parts.join('; ')}`;
}

/** What of a link can differ while it is still that link, by the words for it. */
function attributesOf(item: Item): ReadonlyMap<string, string | number> {
  if (item.kind === 'bridge' || item.kind === 'vxlan' || item.kind === 'vlan')
    return new Map<string, string | number>([
      ['MTU', item.mtu],
      ['MAC', item.mac],
    ]);
  if (item.kind !== 'veth') return new Map();
  return new Map<string, string | number>([
    ['MTU', item.mtu],
    ['MAC', item.podMac],
    [`MTU of ${item.host.name}`, item.hostMtu ?? item.mtu],
    [`MAC of ${item.host.name}`, item.hostMac],
  ]);
}
