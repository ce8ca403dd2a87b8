import type { Millis } from '../../base/clock.ts';
import { type Address, contains, type Family, familyOf, type Prefix } from '../../base/ip.ts';
import { type Cloud, gives, type Nic, type Trust, unitSize } from './cloud.ts';
import type { CloudErrorKind, Intent } from './nic.ts';
import type { Pool, Slot } from './pool.ts';
import { unitOf } from './tally.ts';

/** The addresses of one family that a NIC holds besides its own, by what they are now. */
export interface NicStanding {
  readonly family: Family;
  readonly used: number;
  readonly cooling: number;
  readonly free: number; //   given to whoever asks next
  readonly kept: number; //   held, and not given now: the NIC is not ready, or something is in doubt or leaving
  readonly prefixes: number;
}

/** What a NIC holds, family by family; of those it holds none of, none. Others' addresses are not counted. */
export function standingOf(pool: Pool, cloud: Cloud, nic: Nic, now: Millis): readonly NicStanding[] {
  const counts = new Map<Family, Counts>();
  const units = [...nic.holds].filter(([, { trust }]) => trust !== 'foreign');
  for (const [it, { trust }] of units) {
    const family = familyOf(it);
    const count = counts.get(family) ?? { used: 0, cooling: 0, free: 0, kept: 0, prefixes: 0 };
    const [used, cooling] = usageOf(pool, it, now);
    const rest = unitSize(unitOf(it), family) - used - cooling;
    const given = trust === 'sure' && gives(cloud, nic);
    counts.set(family, {
      used: count.used + used,
      cooling: count.cooling + cooling,
      free: count.free + (given ? rest : 0),
      kept: count.kept + (given ? 0 : rest),
      prefixes: count.prefixes + (it.includes('/') ? 1 : 0),
    });
  }
  return [...counts].map(([family, count]) => ({ family, ...count })).sort((a, b) => (a.family < b.family ? -1 : 1));
}

type Counts = Omit<NicStanding, 'family'>;

/** How many of a unit's addresses are in use, and how many cool or are kept for an ADD that waits. */
function usageOf({ slots }: Pool, it: Address | Prefix, now: Millis): readonly [used: number, cooling: number] {
  let [used, cooling] = [0, 0];
  const count = (slot: Slot | undefined) => {
    if (slot?.state === 'claimed') used++;
    else if (slot !== undefined && (slot.state === 'promised' || slot.freeAt > now)) cooling++;
  };
  if (!it.includes('/')) count(slots.get(it as Address));
  else for (const [address, slot] of slots) if (contains(it as Prefix, address)) count(slot);
  return [used, cooling];
}

/** How a NIC is, in one word. `others`: marked or made by somebody else, and left to them. */
export type NicState = 'ready' | 'preparing' | 'others' | Exclude<Trust, 'sure' | 'foreign'>;

/** The word for a NIC. */
export function nicState({ ready, trust, report }: Nic): NicState {
  if (!report.managed || report.kind !== 'interface' || trust === 'foreign') return 'others';
  if (trust !== 'sure') return trust;
  return ready ? 'ready' : 'preparing';
}

/** A cloud in numbers: NICs by state, intents under way and troubles by kind. What is not there is 0. */
export interface CloudNumbers {
  readonly nics: Readonly<Record<NicState, number>>;
  readonly intents: Readonly<Record<Intent['kind'], number>>;
  readonly troubles: Readonly<Record<CloudErrorKind, number>>;
}

/** Counts a cloud. A trouble counts until something that it concerned went well. */
export function numbersOf({ nics, flights, troubles }: Cloud): CloudNumbers {
  const state = { ready: 0, preparing: 0, unsure: 0, leaving: 0, others: 0 };
  for (const nic of nics) state[nicState(nic)]++;
  const intents = { assign: 0, createNic: 0, unassign: 0, deleteNic: 0 };
  for (const { intent } of flights) intents[intent.kind]++;
  const kinds = { throttled: 0, exhausted: 0, limit: 0, denied: 0, gone: 0, busy: 0, taken: 0, unknown: 0, away: 0 };
  for (const { failure } of troubles) kinds[failure.kind]++;
  return { nics: state, intents, troubles: kinds };
}
