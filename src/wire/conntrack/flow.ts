import type { Writer } from '../../base/bytes.ts';
import { addressBytes, addressOfBytes, familyOf, type Address, type Family } from '../../base/ip.ts';
import {
  NESTED,
  putBytes,
  putNest,
  putU16be,
  putU32,
  putU8,
  readAttributes,
  u16beOf,
  u32beOf,
  u8Of,
  type Attribute,
} from '../netlink/attribute.ts';
import { FLAG, writeMessage } from '../netlink/header.ts';
import { FAMILY, putFamily, readNetfilter, SUBSYSTEM } from '../netlink/netfilter.ts';

// linux/netfilter/nfnetlink_conntrack.h
const IPCTNL_MSG_CT = { GET: 1, DELETE: 2 } as const;
const CTA = { TUPLE_ORIG: 1, TUPLE_REPLY: 2, STATUS: 3, ID: 12, ZONE: 18, FILTER: 25 } as const;
const CTA_TUPLE = { IP: 1, PROTO: 2 } as const;
const CTA_IP = { V4_SRC: 1, V4_DST: 2, V6_SRC: 3, V6_DST: 4 } as const;
const CTA_PROTO = { NUM: 1, SRC_PORT: 2, DST_PORT: 3 } as const;
const CTA_FILTER_ORIG_FLAGS = 1;
// net/netfilter/nf_internals.h; in the machine's own byte order, unlike all the rest
const FILTER_PROTOCOL = 1 << 3;
const FILTER_DESTINATION_PORT = 1 << 5;

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

/** Writes a request for all flows of a filter. Kernels before 5.8 do not know the filter and tell all flows: look again. */
export function writeFlowDump(writer: Writer, sequence: number, filter: FlowFilter): void {
  const flags = FLAG.REQUEST | FLAG.DUMP;
  writeMessage(writer, { type: typeOf(IPCTNL_MSG_CT.GET), flags, sequence }, (body) => {
    putFamily(body, familyNumber(filter.family));
    putNest(body, CTA.TUPLE_ORIG | NESTED, (tuple) => {
      putNest(tuple, CTA_TUPLE.PROTO | NESTED, (proto) => {
        putU8(proto, CTA_PROTO.NUM, filter.protocol);
        putU16be(proto, CTA_PROTO.DST_PORT, filter.destinationPort);
      });
    });
    putNest(body, CTA.FILTER | NESTED, (nest) => {
      putU32(nest, CTA_FILTER_ORIG_FLAGS, FILTER_PROTOCOL | FILTER_DESTINATION_PORT);
    });
  });
}

/** Writes the deletion of one flow. `ack`: the last of several. */
export function writeFlowDelete(writer: Writer, sequence: number, flow: Flow, ack: boolean): void {
  const flags = FLAG.REQUEST | (ack ? FLAG.ACK : 0);
  writeMessage(writer, { type: typeOf(IPCTNL_MSG_CT.DELETE), flags, sequence }, (body) => {
    putFamily(body, familyNumber(familyOf(flow.original.source)));
    putNest(body, CTA.TUPLE_ORIG | NESTED, (tuple) => putDirection(tuple, flow.original));
    if (flow.zone !== 0) putU16be(body, CTA.ZONE, flow.zone);
    putBytes(body, CTA.ID, Uint8Array.of(flow.id >>> 24, flow.id >>> 16, flow.id >>> 8, flow.id));
  });
}

/** Throws DecodeError. Undefined for an entry without a readable tuple. */
export function readFlow(body: Uint8Array): Flow | undefined {
  let [original, reply]: (Direction | undefined)[] = [];
  let [zone, id] = [0, 0];
  for (const attribute of readNetfilter(body).attributes) {
    if (attribute.type === CTA.TUPLE_ORIG) original = readDirection(attribute);
    if (attribute.type === CTA.TUPLE_REPLY) reply = readDirection(attribute);
    if (attribute.type === CTA.ZONE) zone = u16beOf(attribute);
    if (attribute.type === CTA.ID) id = u32beOf(attribute);
  }
  return original === undefined || reply === undefined ? undefined : { original, reply, zone, id };
}

function putDirection(writer: Writer, direction: Direction): void {
  const v4 = familyOf(direction.source) === 'v4';
  putNest(writer, CTA_TUPLE.IP | NESTED, (nest) => {
    putBytes(nest, v4 ? CTA_IP.V4_SRC : CTA_IP.V6_SRC, addressBytes(direction.source));
    putBytes(nest, v4 ? CTA_IP.V4_DST : CTA_IP.V6_DST, addressBytes(direction.destination));
  });
  putNest(writer, CTA_TUPLE.PROTO | NESTED, (nest) => {
    putU8(nest, CTA_PROTO.NUM, direction.protocol);
    putU16be(nest, CTA_PROTO.SRC_PORT, direction.sourcePort);
    putU16be(nest, CTA_PROTO.DST_PORT, direction.destinationPort);
  });
}

function readDirection(nest: Attribute): Direction | undefined {
  let [source, destination]: (Address | undefined)[] = [];
  let [protocol, sourcePort, destinationPort] = [0, 0, 0];
  for (const part of readAttributes(nest.value)) {
    const fields = part.type === CTA_TUPLE.IP || part.type === CTA_TUPLE.PROTO ? readAttributes(part.value) : [];
    for (const field of fields) {
      if (part.type === CTA_TUPLE.IP) {
        if (field.type === CTA_IP.V4_SRC || field.type === CTA_IP.V6_SRC) source = addressIn(field);
        if (field.type === CTA_IP.V4_DST || field.type === CTA_IP.V6_DST) destination = addressIn(field);
      } else if (field.type === CTA_PROTO.NUM) protocol = u8Of(field);
      else if (field.type === CTA_PROTO.SRC_PORT) sourcePort = u16beOf(field);
      else if (field.type === CTA_PROTO.DST_PORT) destinationPort = u16beOf(field);
    }
  }
  if (source === undefined || destination === undefined) return undefined;
  return { source, destination, protocol, sourcePort, destinationPort };
}

function addressIn({ value }: Attribute): Address | undefined {
  return value.length === 4 || value.length === 16 ? addressOfBytes(value) : undefined;
}

function familyNumber(family: Family): number {
  return family === 'v4' ? FAMILY.ip : FAMILY.ip6;
}

function typeOf(operation: number): number {
  return (SUBSYSTEM.conntrack << 8) | operation;
}
