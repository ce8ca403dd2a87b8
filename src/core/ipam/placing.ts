import type { NicReport } from './nic.ts';

// Custom networking: in which subnet a node's NICs stand is said by objects of its cluster, and by its Node which one.

/** What an object of the cluster says of NICs: a NICConfig, or AWS's ENIConfig. */
export interface NicPlace {
  readonly name: string;
  readonly subnet: string;
  readonly groups: readonly string[]; // security groups; empty: as NICs have without such an object
}

/** Which such objects there are, and which one this node's pods have their addresses by. */
export interface Placing {
  readonly own: string | undefined; // its name; undefined: NICs stand wherever they stand without one
  readonly known: readonly NicPlace[] | undefined; // undefined: the cluster has not told yet
  readonly subnet?: string; // the own one's, as it is on record: until the cluster tells
}

/** No such object is asked for. */
export const PLACED_ANYWHERE: Placing = { own: undefined, known: [] };

/** The object of that name, as far as was told. */
export function placeNamed({ known }: Placing, name: string): NicPlace | undefined {
  return known?.find((it) => it.name === name);
}

/**
 * By which object a NIC stands. What it was made by is written on it; one that nobody marked is the node's own when it
 * stands in the same subnet: aws-node made it, or a configuration that said the same.
 */
export function configOf(placing: Placing, { config, subnet, device }: NicReport): string | undefined {
  const { own, known } = placing;
  if (config !== undefined || own === undefined || device === 0) return config;
  const there = known === undefined ? placing.subnet : placeNamed(placing, own)?.subnet;
  return there === subnet ? own : undefined;
}

/** The name of the object that is asked for by name, or by its subnet: of several the node's own, else the first. */
export function placeAsked(placing: Placing, said: string): string | undefined {
  if (placeNamed(placing, said) !== undefined) return said;
  const there = (placing.known ?? []).filter(({ subnet }) => subnet === said);
  return (there.find(({ name }) => name === placing.own) ?? there[0])?.name;
}

/** Why no NIC can be made by an object of that name; undefined: it can, or none is asked for. */
export function lackOfPlace(placing: Placing, name: string | undefined): 'missing' | 'unheard' | undefined {
  if (name === undefined || placeNamed(placing, name) !== undefined) return undefined;
  return placing.known === undefined ? 'unheard' : 'missing';
}
