import type { Writer } from '../../base/bytes.ts';
import { familyOf, type Address, type Family } from '../../base/ip.ts';
import { NESTED } from '../netlink/attribute.ts';
import { address, fields, nest, u16be, u32, u8, type ValueOf } from '../netlink/fields.ts';
import { FAMILY, putFamily, SUBSYSTEM, takeFamily, u32be } from '../netlink/netfilter.ts';

// linux/netfilter/nfnetlink_conntrack.h: IPCTNL_MSG_CT_*, CTA_*
const ADDRESSES = {
  v4Source: [1, address],
  v4Destination: [2, address],
  v6Source: [3, address],
  v6Destination: [4, address],
} as const;
const PORTS = { protocol: [1, u8], source: [2, u16be], destination: [3, u16be] } as const;
const TUPLE = { addresses: [1, nest(fields(ADDRESSES), NESTED)], ports: [2, nest(fields(PORTS), NESTED)] } as const;
const FIELDS = fields({
  original: [1, nest(fields(TUPLE), NESTED)],
  reply: [2, nest(fields(TUPLE), NESTED)],
  zone: [18, u16be],
  id: [12, u32be],
  filter: [25, nest(fields({ original: [1, u32] }), NESTED)], // in the machine's own byte order, unlike all the rest
});
type TupleValue = ValueOf<typeof TUPLE>;

// CTA_FILTER_F_*, net/netfilter/nf_internals.h
const FILTER_PROTOCOL = 1 << 3;
const FILTER_DESTINATION_PORT = 1 << 5;

/** Message types: to ask for flows, to delete one. */
export const FLOW = { get: (SUBSYSTEM.conntrack << 8) | 1, delete: (SUBSYSTEM.conntrack << 8) | 2 } as const;

/** One direction of a flow: from where to where. Protocols without ports have port 0. */
export interface Direction {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number; // IANA's
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** An entry of connection tracking. Translation shows as a reply that is not the original turned round. */
export interface Flow {
  readonly original: Direction;
  readonly reply: Direction;
  readonly zone: number;
  readonly id: number; // told apart from a later entry of the same tuple
}

/** What to ask for: flows of a family and protocol towards a port. */
export interface FlowFilter {
  readonly family: Family;
  readonly protocol: number;
  readonly destinationPort: number;
}

/**
 * Writes what asks for all flows of a filter. Kernels before 5.8 do not know the filter and tell all flows: look
 * again.
 */
export function putFlowFilter(writer: Writer, { family, protocol, destinationPort }: FlowFilter): void {
  putFamily(writer, familyNumber(family));
  FIELDS.put(writer, {
    original: { ports: { protocol, destination: destinationPort } },
    filter: { original: FILTER_PROTOCOL | FILTER_DESTINATION_PORT },
  });
}

/**
 * Writes what names one flow, to delete it: by its whole original direction, for without one the kernel deletes all.
 */
export function putFlowName(writer: Writer, { original, zone, id }: Omit<Flow, 'reply'>): void {
  putFamily(writer, familyNumber(familyOf(original.source)));
  FIELDS.put(writer, { original: tupleOf(original), ...(zone === 0 ? {} : { zone }), id });
}

/** Throws DecodeError. Undefined for an entry without addresses. */
export function takeFlow(body: Uint8Array): Flow | undefined {
  const found = FIELDS.take(takeFamily(body).attributes);
  const [original, reply] = [directionOf(found.original), directionOf(found.reply)];
  if (original === undefined || reply === undefined) return undefined;
  return { original, reply, zone: found.zone ?? 0, id: found.id ?? 0 };
}

function tupleOf({ source, destination, protocol, sourcePort, destinationPort }: Direction): TupleValue {
  const v4 = familyOf(source) === 'v4';
  return {
    addresses: v4 ? { v4Source: source, v4Destination: destination } : { v6Source: source, v6Destination: destination },
    ports: { protocol, source: sourcePort, destination: destinationPort },
  };
}

function directionOf(tuple: TupleValue | undefined): Direction | undefined {
  const { addresses = {}, ports = {} } = tuple ?? {};
  const source = addresses.v4Source ?? addresses.v6Source;
  const destination = addresses.v4Destination ?? addresses.v6Destination;
  if (source === undefined || destination === undefined) return undefined;
  const { protocol = 0, source: sourcePort = 0, destination: destinationPort = 0 } = ports;
  return { source, destination, protocol, sourcePort, destinationPort };
}

function familyNumber(family: Family): number {
  return family === 'v4' ? FAMILY.ip : FAMILY.ip6;
}
