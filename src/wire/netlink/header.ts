import { DecodeError, Reader, type Writer } from '../../base/bytes.ts';

// struct nlmsghdr, linux/netlink.h: u32 length with header | u16 type | u16 flags | u32 sequence | u32 port of the
// sender.
// Integers are the machine's own; every machine Berth runs on (x86-64, arm64) is little-endian.

const HEADER_LENGTH = 16;

/** Types below 16 belong to netlink itself. */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

/** NLM_F_*: what the sender wants, or says of its answer. */
export const FLAG = {
  REQUEST: 0x01,
  MULTI: 0x02,
  ACK: 0x04,
  DUMP_INTR: 0x10, // the state changed while it was dumped: ask again
  DUMP_FILTERED: 0x20, // the kernel did filter as asked
  // of requests that ask
  ROOT: 0x100,
  MATCH: 0x200,
  DUMP: 0x300,
  // of requests that make
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  // of answers of type ERROR
  CAPPED: 0x100, // the request is not repeated but for its header
  ACK_TLVS: 0x200, // attributes follow: the kernel's text
} as const;

export interface Header {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number; // 0: the kernel
}

/** One netlink message; `body` is all behind the header, a view into the datagram. */
export interface Message extends Header {
  readonly body: Uint8Array;
}

/** Writes one message: the header, what `body` writes, and zeros up to a multiple of four. */
export function writeMessage(
  writer: Writer,
  header: { readonly type: number; readonly flags: number; readonly sequence: number },
  body: (writer: Writer) => void,
): void {
  const start = beginMessage(writer, header);
  body(writer);
  endMessage(writer, start);
}

/** Writes a header whose length is not known yet. Returns where it is, for `endMessage`. */
export function beginMessage(
  writer: Writer,
  header: { readonly type: number; readonly flags: number; readonly sequence: number },
): number {
  const start = writer.length;
  writer.u32(0);
  writer.u16(header.type);
  writer.u16(header.flags);
  writer.u32(header.sequence);
  writer.u32(0);
  return start;
}

/** Closes the message begun at `start`. */
export function endMessage(writer: Writer, start: number): void {
  writer.setU32(start, writer.length - start);
  writer.align4();
}

/**
 * The messages of one datagram, in order. Throws DecodeError on a length that is too short or reaches beyond the end.
 */
export function readMessages(datagram: Uint8Array): Message[] {
  const messages: Message[] = [];
  const reader = new Reader(datagram);
  while (reader.left > 0) {
    const at = reader.at;
    const length = reader.u32();
    if (length < HEADER_LENGTH) throw new DecodeError(`a netlink message of ${length} bytes`, at);
    const [type, flags, sequence, port] = [reader.u16(), reader.u16(), reader.u32(), reader.u32()];
    const body = reader.run(length - HEADER_LENGTH);
    messages.push({ type, flags, sequence, port, body });
    reader.skip(Math.min(-length & 3, reader.left));
  }
  return messages;
}
