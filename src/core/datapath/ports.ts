import { familyOf, type Address, type Family } from '../../base/ip.ts';
import type { PortMapping } from '../attachment.ts';
import { PORTS, PORTS_AT } from './node-ruleset.ts';
import type { Item, Plan } from './plan.ts';

/** A mapping that somebody holds. */
export interface HeldPort<Holder> {
  readonly mapping: PortMapping;
  readonly holder: Holder;
}

/** A socket of the node that waits for whoever calls on a port. `address` 0.0.0.0 or ::: on every one. */
export interface Listener {
  readonly address: Address;
  readonly families: readonly Family[]; // that it hears: :: may hear both
  readonly process: string; //             as a person is told: name and number
}

const EVERY_ADDRESS: Readonly<Record<Family, string>> = { v4: '0.0.0.0', v6: '::' };

/**
 * The map elements of a pod's ports: per mapping one for each family that it speaks of and the pod has, an empty list
 * for none.
 * Throws RangeError for a mapping that `portProblem` refuses.
 */
export function portElements(mappings: readonly PortMapping[], podAddresses: readonly Address[]): Item[] {
  return mappings.flatMap((mapping) => {
    const problem = portProblem(mapping, podAddresses);
    if (problem !== undefined) throw new RangeError(problem);
    return podAddresses
      .filter((address) => speaksOf(mapping, familyOf(address)))
      .map((address) => portElement(mapping, address));
  });
}

/** The mappings that a plan's elements stand for: of one that was lost, what `portElements` had made of it. */
export function portsOf(plan: Plan): readonly PortMapping[] {
  const found = new Map<string, PortMapping>(); // one for both families
  for (const item of plan) {
    const mapping = item.kind === 'element' ? mappingOf(item) : undefined;
    if (mapping !== undefined) found.set(JSON.stringify(mapping), mapping);
  }
  return [...found.values()];
}

/**
 * Who of `held` has the port that a mapping wants. An address of the node and all of them exclude each other, as
 * sockets do.
 */
export function portConflict<Holder>(mapping: PortMapping, held: readonly HeldPort<Holder>[]): Holder | undefined {
  return held.find(({ mapping: other }) => collide(mapping, other))?.holder;
}

/**
 * The socket that would hear nothing any more once a mapping of a pod with these families stood, or undefined: pods'
 * ports are translated before sockets are asked.
 */
export function portListener(
  { hostIp }: PortMapping,
  families: readonly Family[],
  listeners: readonly Listener[],
): Listener | undefined {
  const spoken = hostIp === undefined ? families : [familyOf(hostIp)];
  const meets = (one: Address) => addressesMeet(hostIp, isEvery(one) ? undefined : one);
  return listeners.find((it) => it.families.some((family) => spoken.includes(family)) && meets(it.address));
}

/** Two mappings of one request that want the same port, or undefined. */
export function portTwice(mappings: readonly PortMapping[]): PortMapping | undefined {
  return mappings.find((mapping, i) => mappings.slice(0, i).some((earlier) => collide(mapping, earlier)));
}

/** Why a mapping cannot be made for a pod, as a sentence; undefined when it can. */
export function portProblem(mapping: PortMapping, podAddresses: readonly Address[]): string | undefined {
  const { hostPort, containerPort, hostIp } = mapping;
  if (!isPort(hostPort)) return `host port ${hostPort} is not between 1 and 65535`;
  if (!isPort(containerPort)) return `container port ${containerPort} is not between 1 and 65535`;
  // node-ruleset.ts says why
  if (hostIp === '::1') return 'host address ::1 cannot be translated by the kernel; use 127.0.0.1 or another address';
  if (hostIp !== undefined && !podAddresses.some((address) => familyOf(address) === familyOf(hostIp)))
    return `host port ${hostPort} is of ${hostIp}, and the pod has no IP${familyOf(hostIp)} address`;
  return undefined;
}

function portElement(mapping: PortMapping, address: Address): Item {
  const family = familyOf(address);
  const key = [mapping.protocol, `${mapping.hostPort}`];
  const data = [address, `${mapping.containerPort}`];
  const { hostIp } = mapping;
  if (hostIp === undefined || hostIp === EVERY_ADDRESS[family])
    return { kind: 'element', set: PORTS[family], key, data };
  return { kind: 'element', set: PORTS_AT[family], key: [hostIp, ...key], data };
}

function mappingOf({ set, key, data }: Item & { readonly kind: 'element' }): PortMapping | undefined {
  const oneAddress = set === PORTS_AT.v4 || set === PORTS_AT.v6;
  if (!oneAddress && set !== PORTS.v4 && set !== PORTS.v6) return undefined;
  const [protocol, hostPort] = oneAddress ? key.slice(1) : key;
  const [at, containerPort] = [oneAddress ? { hostIp: key[0] as Address } : {}, data?.[1]];
  return {
    protocol: protocol as PortMapping['protocol'],
    hostPort: Number(hostPort),
    containerPort: Number(containerPort),
    ...at,
  };
}

function speaksOf({ hostIp }: PortMapping, family: Family): boolean {
  return hostIp === undefined || familyOf(hostIp) === family;
}

function collide(a: PortMapping, b: PortMapping): boolean {
  return a.protocol === b.protocol && a.hostPort === b.hostPort && addressesMeet(a.hostIp, b.hostIp);
}

function addressesMeet(a: Address | undefined, b: Address | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  const family = familyOf(a);
  return family === familyOf(b) && (a === b || a === EVERY_ADDRESS[family] || b === EVERY_ADDRESS[family]);
}

function isEvery(address: Address): boolean {
  return address === EVERY_ADDRESS[familyOf(address)];
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
