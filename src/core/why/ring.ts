import { type Address, address } from '../../base/ip.ts';
import { byNumber, SortedMap } from '../../base/sorted-map.ts';
import { attachmentName } from '../attachment.ts';
import type { About, Decision } from './decision.ts';

/** The last decisions: a value. */
export interface Ring {
  readonly limit: number;
  readonly next: number; // the number of the decision to come
  readonly decisions: SortedMap<number, Decision>;
}

/** A ring that keeps at most `limit` decisions, at least one. */
export function emptyRing(limit: number): Ring {
  return { limit: Math.max(1, limit), next: 0, decisions: SortedMap.empty<number, Decision>(byNumber) };
}

/** The ring with one decision more; the oldest goes when there are too many. */
export function push(ring: Ring, decision: Decision): Ring {
  const all = ring.decisions.set(ring.next, decision);
  const decisions = all.size > ring.limit ? all.delete(ring.next - ring.limit) : all;
  return { ...ring, next: ring.next + 1, decisions };
}

/** The container id must be given with at least so many letters: fewer would also match what nobody meant. */
const SHORTEST_ID = 4;

/**
 * All that was decided about whom the query names, oldest first, also when it is long gone: a pod "namespace/name" or
 * its name, the beginning of a container id, an attachment's whole id, or an address (held, or asked for by name).
 * Whoever is found is told wholly: decisions in which it is known by another name belong to it.
 */
export function about(ring: Ring, query: string): readonly Decision[] {
  const all = [...ring.decisions.values()];
  const named = all.filter((it) => names(it, query, parsed(query)));
  const ids = new Set(named.flatMap((it) => it.about.id ?? []));
  const found = new Set(named);
  return all.filter((it) => found.has(it) || (it.about.id !== undefined && ids.has(it.about.id)));
}

function parsed(query: string): Address | undefined {
  try {
    return address(query);
  } catch {
    return undefined;
  }
}

function names(decision: Decision, query: string, ip: Address | undefined): boolean {
  if (ip !== undefined) return addressesOf(decision).includes(ip);
  const { id, pod }: About = decision.about;
  if (pod !== undefined && (query === pod.name || query === `${pod.namespace}/${pod.name}`)) return true;
  if (id === undefined) return false;
  return id === query || (query.length >= SHORTEST_ID && attachmentName(id).containerId.startsWith(query));
}

function addressesOf(decision: Decision): readonly Address[] {
  const held = decision.about.addresses ?? [];
  return decision.kind === 'refused' && 'address' in decision.refusal ? [...held, decision.refusal.address] : held;
}
