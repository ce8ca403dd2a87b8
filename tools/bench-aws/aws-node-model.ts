import { byText, SortedMap } from '../../src/base/sorted-map.ts';

// The algorithm of aws-node's pool (amazon-vpc-cni-k8s v1.23), as its published formulas and examples tell it: what a
// benchmark is measured against. A pure function from tick to tick; the caller makes the calls and tells the answers.
// Where aws-node chooses by the order of a hash map, this model takes the first: the kindest of its choices.

/** Its environment variables; undefined: not set. */
export interface AwsNodeSettings {
  readonly warmEniTarget?: number;
  readonly warmIpTarget?: number;
  readonly minimumIpTarget?: number;
  readonly warmPrefixTarget?: number;
  readonly prefixes: boolean; // ENABLE_PREFIX_DELEGATION
  readonly maxEnis: number; //   of the instance, or MAX_ENI
  readonly perEni: number; //    slots of one, its primary address not counted
  readonly maxPods: number;
}

/** One ENI: when it was attached, and what each of its slots holds. */
export interface AwsNodeEni {
  readonly id: string;
  readonly since: number;
  readonly primary: boolean;
  readonly slots: readonly string[]; // addresses, or prefixes
}

/** Who has an address since when, or who had it until when. Addresses without an entry were never used. */
export interface AwsNodePool {
  readonly enis: readonly AwsNodeEni[];
  readonly assigned: SortedMap<string, string>; //  address, pod
  readonly freedAt: SortedMap<string, number>; //   address, time
  readonly shrunkAt: number;
  readonly blockedUntil: number; // no addresses in the subnet: 120 s for the whole node
}

/** What it would call now. One action a tick. */
export type AwsNodeCall =
  | { readonly kind: 'assign'; readonly eni: string; readonly count: number }
  | { readonly kind: 'createEni'; readonly count: number }
  | { readonly kind: 'unassign'; readonly eni: string; readonly slots: readonly string[] }
  | { readonly kind: 'deleteEni'; readonly eni: string };

/** The loop's step, in ms: 2.5 s, the pool, 2.5 s, the reconciliation. */
export const TICK_MS = 5_000;
const COOLDOWN_MS = 30_000;
const DECREASE_GAP_MS = 30_000;
const BLOCKED_MS = 120_000;
const LEAST_AGE_MS = 60_000;

/** A node as it boots: its primary ENI, with nothing on it. */
export function bornPool(primary: string): AwsNodePool {
  return {
    enis: [{ id: primary, since: 0, primary: true, slots: [] }],
    assigned: SortedMap.empty<string, string>(byText),
    freedAt: SortedMap.empty<string, number>(byText),
    shrunkAt: Number.NEGATIVE_INFINITY,
    blockedUntil: 0,
  };
}

/** What a tick calls: growth before shrinking; unassigns of several ENIs at once, everything else alone. */
export function tickCalls(pool: AwsNodePool, settings: AwsNodeSettings, now: number): readonly AwsNodeCall[] {
  const grown = increase(pool, settings, now);
  if (grown !== undefined) return [grown];
  if (isTooLow(pool, settings) || now < pool.shrunkAt + DECREASE_GAP_MS) return [];
  const units = decrease(pool, settings);
  const eni = deletable(pool, settings, now);
  return units.length > 0 ? units : eni === undefined ? [] : [{ kind: 'deleteEni', eni: eni.id }];
}

/** The pool after a call succeeded with these slots, or was carried out. */
export function called(
  pool: AwsNodePool,
  call: AwsNodeCall,
  of: { slots: readonly string[]; eni: string; now: number },
): AwsNodePool {
  switch (call.kind) {
    case 'assign':
      return {
        ...pool,
        enis: pool.enis.map((it) => (it.id === call.eni ? { ...it, slots: [...it.slots, ...of.slots] } : it)),
      };
    case 'createEni':
      return { ...pool, enis: [...pool.enis, { id: of.eni, since: of.now, primary: false, slots: of.slots }] };
    case 'unassign': {
      const left = (slots: readonly string[]) => slots.filter((it) => !call.slots.includes(it));
      const enis = pool.enis.map((it) => (it.id === call.eni ? { ...it, slots: left(it.slots) } : it));
      return { ...pool, enis, shrunkAt: of.now };
    }
    case 'deleteEni':
      return { ...pool, enis: pool.enis.filter(({ id }) => id !== call.eni) };
  }
}

/** The pool after the subnet had no addresses: nothing is asked of any subnet for two minutes. */
export function refusedAsEmpty(pool: AwsNodePool, now: number): AwsNodePool {
  return { ...pool, blockedUntil: now + BLOCKED_MS };
}

/** An ADD: an address that is not cooling, or undefined, at once: the kubelet asks again. */
export function addPod(
  pool: AwsNodePool,
  pod: string,
  now: number,
): { readonly pool: AwsNodePool; readonly address?: string } {
  for (const { slots } of pool.enis)
    for (const slot of slots)
      for (const address of addressesOf(slot)) {
        const freed = pool.freedAt.get(address) ?? Number.NEGATIVE_INFINITY;
        if (pool.assigned.has(address) || now < freed + COOLDOWN_MS) continue;
        return { pool: { ...pool, assigned: pool.assigned.set(address, pod) }, address };
      }
  return { pool };
}

/** A DEL. */
export function removePod(pool: AwsNodePool, pod: string, now: number): AwsNodePool {
  let { assigned, freedAt } = pool;
  for (const [address, by] of pool.assigned)
    if (by === pod) {
      assigned = assigned.delete(address);
      freedAt = freedAt.set(address, now);
    }
  return { ...pool, assigned, freedAt };
}

/** Total, and free: cooling ones count as free. */
export function census(pool: AwsNodePool): { readonly total: number; readonly free: number } {
  const total = pool.enis.reduce((sum, { slots }) => sum + slots.reduce((all, it) => all + sizeOf(it), 0), 0);
  return { total, free: total - pool.assigned.size };
}

function isWarmMode({ warmIpTarget = 0, minimumIpTarget = 0 }: AwsNodeSettings): boolean {
  return warmIpTarget > 0 || minimumIpTarget > 0;
}

function shortBy(pool: AwsNodePool, { warmIpTarget = 0, minimumIpTarget = 0 }: AwsNodeSettings): number {
  const { total, free } = census(pool);
  return Math.max(warmIpTarget - free, minimumIpTarget - total, 0);
}

function isTooLow(pool: AwsNodePool, settings: AwsNodeSettings): boolean {
  const { total, free } = census(pool);
  if (total >= settings.maxPods) return false;
  if (isWarmMode(settings)) return shortBy(pool, settings) > 0;
  const wanted = settings.prefixes
    ? 16 * (settings.warmPrefixTarget ?? 0)
    : settings.perEni * (settings.warmEniTarget ?? 1);
  return free < wanted || (wanted === 0 && free === 0);
}

function increase(pool: AwsNodePool, settings: AwsNodeSettings, now: number): AwsNodeCall | undefined {
  if (!isTooLow(pool, settings) || now < pool.blockedUntil) return undefined;
  const need = needed(pool, settings);
  const room = pool.enis.find(({ slots }) => slots.length < settings.perEni);
  if (room !== undefined)
    return { kind: 'assign', eni: room.id, count: Math.min(settings.perEni - room.slots.length, need) };
  return pool.enis.length < settings.maxEnis
    ? { kind: 'createEni', count: Math.min(need, settings.perEni) }
    : undefined;
}

/** Slots to ask for: what is short, else an ENI's worth, or the prefixes that shall be free. */
function needed(pool: AwsNodePool, settings: AwsNodeSettings): number {
  const short = shortBy(pool, settings);
  if (!settings.prefixes) return isWarmMode(settings) ? short : settings.perEni;
  const prefixes = isWarmMode(settings)
    ? Math.ceil(short / 16)
    : (settings.warmPrefixTarget ?? 0) - freePrefixes(pool).length;
  return Math.max(1, prefixes);
}

function decrease(pool: AwsNodePool, settings: AwsNodeSettings): readonly AwsNodeCall[] {
  let over = overBy(pool, settings);
  const calls: AwsNodeCall[] = [];
  for (const { id, slots } of pool.enis) {
    const back = slots.filter((it) => !isUsed(pool, it)).slice(0, Math.max(0, over));
    over -= back.length;
    if (back.length > 0) calls.push({ kind: 'unassign', eni: id, slots: back });
  }
  return calls;
}

/** Slots that are too many. Single addresses are given back only where an address target is set. */
function overBy(pool: AwsNodePool, settings: AwsNodeSettings): number {
  const { warmIpTarget = 0, minimumIpTarget = 0, warmPrefixTarget = 0, prefixes } = settings;
  const { total, free } = census(pool);
  if (!isWarmMode(settings)) return prefixes ? freePrefixes(pool).length - Math.max(1, warmPrefixTarget) : 0;
  if (!prefixes) return Math.max(Math.min(Math.max(free - warmIpTarget, 0), total - minimumIpTarget), 0);
  const all = total / 16;
  const used = Math.ceil((pool.assigned.size + warmIpTarget) / 16);
  return Math.max(Math.min(freePrefixes(pool).length, all - used, all - Math.ceil(minimumIpTarget / 16)), 0);
}

function deletable(pool: AwsNodePool, settings: AwsNodeSettings, now: number): AwsNodeEni | undefined {
  const { warmIpTarget = 0, minimumIpTarget = 0, warmEniTarget = 1, warmPrefixTarget = 0, perEni, prefixes } = settings;
  const { total, free } = census(pool);
  if (!isWarmMode(settings) && !prefixes && free < (warmEniTarget + 1) * perEni) return undefined;
  return pool.enis.find((eni) => {
    const size = eni.slots.reduce((sum, it) => sum + sizeOf(it), 0);
    if (
      eni.primary ||
      now < eni.since + LEAST_AGE_MS ||
      eni.slots.some((it) => isUsed(pool, it) || isCooling(pool, it, now))
    )
      return false;
    if (isWarmMode(settings)) return free - size >= warmIpTarget && total - size >= minimumIpTarget;
    return !prefixes || free - size >= 16 * warmPrefixTarget;
  });
}

function freePrefixes(pool: AwsNodePool): readonly string[] {
  return pool.enis.flatMap(({ slots }) => slots.filter((it) => !isUsed(pool, it)));
}

function isUsed({ assigned }: AwsNodePool, slot: string): boolean {
  return addressesOf(slot).some((it) => assigned.has(it));
}

function isCooling({ freedAt }: AwsNodePool, slot: string, now: number): boolean {
  return addressesOf(slot).some((it) => now < (freedAt.get(it) ?? Number.NEGATIVE_INFINITY) + COOLDOWN_MS);
}

function sizeOf(slot: string): number {
  return slot.endsWith('/28') ? 16 : 1;
}

/** The addresses of a slot, in an order of their own: only that they differ matters to the pool. */
function addressesOf(slot: string): readonly string[] {
  if (!slot.endsWith('/28')) return [slot];
  const base = slot.slice(0, -'/28'.length);
  const last = base.lastIndexOf('.');
  const first = Number(base.slice(last + 1));
  return Array.from({ length: 16 }, (_, i) => `${base.slice(0, last)}.${first + i}`);
}
