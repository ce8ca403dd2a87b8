import type { Writer } from '../../base/bytes.ts';
import { FLAG, writeMessage } from '../netlink/header.ts';
import { FAMILY, putFamily, SUBSYSTEM } from '../netlink/netfilter.ts';

/** NFT_MSG_*, linux/netfilter/nf_tables.h. */
export const OPERATION = {
  newTable: 0,
  getTable: 1,
  delTable: 2,
  newChain: 3,
  getChain: 4,
  delChain: 5,
  newRule: 6,
  getRule: 7,
  delRule: 8,
  newSet: 9,
  getSet: 10,
  delSet: 11,
  newElement: 12,
  getElement: 13,
  delElement: 14,
  newGeneration: 15,
} as const;
export type OperationName = keyof typeof OPERATION;

/**
 * One request. `body` writes the attributes. Flags beside REQUEST: CREATE, EXCL, APPEND, or DUMP and ACK for what
 * only reads.
 */
export interface Operation {
  readonly name: OperationName;
  readonly family: number;
  readonly flags: number;
  readonly body: (writer: Writer) => void;
}

const BATCH_BEGIN = 0x10; // linux/netfilter/nfnetlink.h
const BATCH_END = 0x11;

/**
 * Writes a transaction: all operations take effect at once, or none. Its messages are numbered from `first`: the
 * begin, the operations in order, the end; the last operation asks for an ACK, so the answer is over with number
 * `first + operations.length`. What fails as a whole is answered to the begin.
 */
export function writeTransaction(writer: Writer, first: number, operations: readonly Operation[]): void {
  writeMarker(writer, BATCH_BEGIN, first);
  for (const [i, operation] of operations.entries()) {
    const ack = i === operations.length - 1 ? FLAG.ACK : 0;
    const { type, flags, body } = messageOf(operation);
    writeMessage(writer, { type, flags: FLAG.REQUEST | flags | ack, sequence: first + 1 + i }, body);
  }
  writeMarker(writer, BATCH_END, first + 1 + operations.length);
}

/** An operation as a message of its own, for what only reads. */
export function messageOf(operation: Operation): Pick<Operation, 'flags' | 'body'> & { readonly type: number } {
  const { name, family, flags, body } = operation;
  return {
    type: (SUBSYSTEM.nftables << 8) | OPERATION[name],
    flags,
    body: (writer) => {
      putFamily(writer, family);
      body(writer);
    },
  };
}

/** Which operation a message is, or undefined for what is no operation of nftables that we know. */
export function operationOf(type: number): OperationName | undefined {
  if (type >> 8 !== SUBSYSTEM.nftables) return undefined;
  return NAMES.get(type & 0xff);
}

const NAMES = new Map(Object.entries(OPERATION).map(([name, number]) => [number as number, name as OperationName]));

function writeMarker(writer: Writer, type: number, sequence: number): void {
  writeMessage(writer, { type, flags: FLAG.REQUEST, sequence }, (body) => {
    putFamily(body, FAMILY.unspecified, SUBSYSTEM.nftables);
  });
}
