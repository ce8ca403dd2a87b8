import type { Millis } from '../../base/clock.ts';
import type { Family } from '../../base/ip.ts';
import { hash64 } from '../../base/hash.ts';
import type { Cloud, Trouble } from './cloud.ts';
import type { CloudErrorKind, CloudFailure, Intent, NicId, Unit } from './nic.ts';

// What a failed call keeps from being asked, how long, and how that ends. Narrow on purpose: one dry subnet does not
// keep another from being asked, a missing permission to create NICs none from being filled.

interface Patience {
  readonly firstMs: Millis; // doubled by each failure in a row
  readonly mostMs: Millis;
  readonly again: boolean; //  the same change is asked for again, by the same token: it may have happened, or begun
}

/** The one table of what is tried again, and when. */
export const PATIENCE: Readonly<Record<CloudErrorKind, Patience>> = {
  throttled: { firstMs: 1_000, mostMs: 60_000, again: true },
  busy: { firstMs: 500, mostMs: 30_000, again: true },
  unknown: { firstMs: 1_000, mostMs: 60_000, again: true },
  away: { firstMs: 1_000, mostMs: 15_000, again: true }, // it costs nobody's quota
  exhausted: { firstMs: 30_000, mostMs: 600_000, again: false },
  limit: { firstMs: 60_000, mostMs: 600_000, again: false },
  denied: { firstMs: 15_000, mostMs: 300_000, again: false },
  taken: { firstMs: 5_000, mostMs: 60_000, again: false },
  gone: { firstMs: 5_000, mostMs: 60_000, again: false },
};

/** The whole cloud: it throttles, or does not answer. */
export const WHOLE = 'cloud';
/** Telling what is attached is denied. */
export const REPORTING = 'report';

/** Telling what this instance may have. */
export const LIMITS = 'limits';

/** One unit of a family in one subnet; `create` alone: wherever a new NIC could stand, by that NICConfig or by none. */
export const inSubnet = (subnet: string, unit: Unit, family: Family) => `subnet ${subnet} ${unit} ${family}`;
export const ofCreating = (unit: Unit | 'any', config?: string) =>
  config === undefined ? `create ${unit}` : `create ${unit} by ${config}`;
/** A NIC more, wherever it stands. */
export const MORE_NICS = 'nics';
export const onNic = (nic: NicId) => `nic ${nic}`;
/** What keeps a NIC from being made with such units, by that NICConfig or by none. */
export const creating = (unit: Unit, config: string | undefined): readonly string[] => [
  ofKind('createNic'),
  MORE_NICS,
  ofCreating('any', config),
  ofCreating(unit, config),
];
export const ofKind = (kind: Intent['kind']) => `kind ${kind}`;

/** What a failure concerns. `subnet`: of the NIC that was asked. */
export function scopeOf(intent: Intent, failure: CloudFailure, subnet: string): string {
  switch (failure.kind) {
    case 'throttled':
    case 'unknown':
    case 'away':
      return WHOLE;
    case 'denied':
      return ofKind(intent.kind);
    case 'exhausted':
      if (intent.kind === 'createNic') return ofCreating(intent.spec.unit, intent.spec.config);
      return intent.kind === 'assign' ? inSubnet(subnet, intent.unit, intent.family) : ofKind(intent.kind);
    case 'limit':
      return intent.kind === 'createNic' ? MORE_NICS : onNic(intent.nic);
    case 'busy':
    case 'taken':
    case 'gone':
      return intent.kind === 'createNic' ? ofCreating('any', intent.spec.config) : onNic(intent.nic);
  }
}

/** The cloud with a failure noted: twice as long as the last in a row, and up to a quarter more by the token. */
export function troubled(cloud: Cloud, of: { scope: string; failure: CloudFailure; salt: string }, now: Millis): Cloud {
  const { scope, failure, salt } = of;
  const before = cloud.troubles.find((it) => it.scope === scope);
  const failures = (before?.failures ?? 0) + 1;
  const { firstMs, mostMs } = PATIENCE[failure.kind];
  const plain = Math.min(mostMs, firstMs * 2 ** (failures - 1));
  const jittered = plain * (1 + Number(hash64(`${salt} ${failures}`) % 1_000n) / 4_000); // no two nodes in step
  const until = now + Math.max(jittered, failure.retryAfterMs ?? 0);
  const trouble: Trouble = { scope, failure, since: before?.since ?? now, until, failures };
  return { ...cloud, troubles: [...cloud.troubles.filter((it) => it.scope !== scope), trouble] };
}

/** The cloud after it has carried out an intent: what that proves to be over. */
export function untroubled(cloud: Cloud, intent: Intent, subnet: string): Cloud {
  if (cloud.troubles.length === 0) return cloud;
  const over = new Set([WHOLE, ofKind(intent.kind)]);
  if (intent.kind === 'createNic') {
    over.add(MORE_NICS);
    over.add(ofCreating('any', intent.spec.config));
    over.add(ofCreating(intent.spec.unit, intent.spec.config));
  } else over.add(onNic(intent.nic));
  if (intent.kind === 'assign') over.add(inSubnet(subnet, intent.unit, intent.family));
  return { ...cloud, troubles: cloud.troubles.filter(({ scope }) => !over.has(scope)) };
}

/** The trouble that keeps one of these from being asked now, the longest; undefined: none. */
export function keptBy(cloud: Cloud, scopes: readonly string[], now: Millis): Trouble | undefined {
  let worst: Trouble | undefined;
  for (const it of cloud.troubles)
    if (it.until > now && scopes.includes(it.scope) && (worst === undefined || it.until > worst.until)) worst = it;
  return worst;
}

/** Whether nobody knows if what was asked for was done. */
export function mayHaveHappened({ kind }: CloudFailure): boolean {
  return kind === 'unknown' || kind === 'away';
}

/** Whether waiting is worth it: it passes by itself, soon. The others ask for somebody, or for another node. */
export function passes({ failure }: Trouble): boolean {
  return PATIENCE[failure.kind].again;
}

/** The cloud after what was in the way there is over. */
export function withoutTrouble(cloud: Cloud, scope: string): Cloud {
  return { ...cloud, troubles: cloud.troubles.filter((it) => it.scope !== scope) };
}
