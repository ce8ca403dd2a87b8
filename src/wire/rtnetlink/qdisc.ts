import { Reader, Writer } from '../../base/bytes.ts';
import { putBytes } from '../netlink/attribute.ts';
import { type Codec, fields, raw, type Spelled, text, u32, u64 } from '../netlink/fields.ts';

// struct tcmsg, linux/rtnetlink.h: u8 family | 3 bytes 0 | i32 interface | u32 handle | u32 parent | u32 of many
// meanings.

const FIELDS = fields({ kind: [1, text], options: [2, raw] });

/** A queueing discipline. What `options` say depends on the kind. */
export interface QdiscMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
  readonly index: number;
  readonly handle: number;
  readonly parent: number;
  readonly extra: number;
}

/** TC_H_ROOT: the parent of the discipline that every packet leaving the link passes. */
export const ROOT = 0xffffffff;

/** Writes the body of a qdisc message. */
export function putQdisc(writer: Writer, message: QdiscMessage): void {
  writer.u32(message.family);
  writer.i32(message.index);
  writer.u32(message.handle);
  writer.u32(message.parent);
  writer.u32(message.extra);
  FIELDS.put(writer, message);
}

/** The qdisc message of a body. Throws DecodeError. */
export function takeQdisc(body: Uint8Array): QdiscMessage {
  const reader = new Reader(body);
  const family = reader.u8();
  reader.skip(3);
  const [index, handle, parent, extra] = [reader.i32(), reader.u32(), reader.u32(), reader.u32()];
  return { family, index, handle, parent, extra, ...FIELDS.take(reader.run(reader.left)) };
}

/** struct tc_tbf_qopt, linux/pkt_sched.h. Bytes per second; the peak rate is not used and kept as it is. */
export interface TokenBucket {
  readonly rate: number; // 0xffffffff: it is in rate64
  readonly limit: number; // bytes that may wait
  readonly buffer: number; // the burst as the time it takes, in ticks of 64 ns (PSCHED_SHIFT)
  readonly mtu: number;
  readonly rateDetails: Uint8Array; // eight bytes: cell_log, linklayer, overhead, cell_align, mpu
  readonly peak: Uint8Array; // twelve bytes
}

const bucket: Codec<TokenBucket> = {
  put: (writer, type, value) => {
    const inner = new Writer(36);
    inner.run(value.rateDetails);
    inner.u32(value.rate);
    inner.run(value.peak);
    inner.u32(value.limit);
    inner.u32(value.buffer);
    inner.u32(value.mtu);
    putBytes(writer, type, inner.written);
  },
  take: ({ value }) => {
    if (value.length !== 36) return undefined;
    const reader = new Reader(value);
    const [rateDetails, rate, peak] = [reader.run(8), reader.u32(), reader.run(12)];
    return { rateDetails, rate, peak, limit: reader.u32(), buffer: reader.u32(), mtu: reader.u32() };
  },
};

const TBF = fields({ bucket: [1, bucket], rate64: [4, u64], burst: [6, u32] });

/** Options of kind "tbf". `burst`, in bytes, is only asked with: the kernel tells it as `buffer`. */
export type TbfOptions = Spelled<typeof TBF>;

/** The bytes of a token bucket's options. */
export function tbfBytes(options: TbfOptions): Uint8Array {
  const writer = new Writer(96);
  TBF.put(writer, options);
  return writer.written;
}

/** The options of a token bucket. Throws DecodeError. */
export function takeTbf(bytes: Uint8Array): TbfOptions {
  return TBF.take(bytes);
}
