import type { Writer } from '../../base/bytes.ts';
import { NESTED } from '../netlink/attribute.ts';
import { fields, nest, type Spelled, text } from '../netlink/fields.ts';
import { i32be, takeFamily, u32be } from '../netlink/netfilter.ts';

// NFTA_CHAIN_* and NFTA_HOOK_*, linux/netfilter/nf_tables.h
const FIELDS = fields({
  table: [1, text],
  name: [3, text],
  type: [7, text], // "filter", "nat", "route"
  policy: [5, u32be],
  hook: [4, nest(fields({ number: [1, u32be], priority: [2, i32be] }), NESTED)],
});

/** NF_INET_*, linux/netfilter.h. */
export const HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
/** NF_DROP, NF_ACCEPT. */
export const POLICY = { drop: 0, accept: 1 } as const;

/** A chain. One without hook is reached by jumps. */
export interface ChainMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
}

/** Writes a chain to make, or with only table and name to find or delete. */
export function putChain(writer: Writer, message: Omit<ChainMessage, 'family'>): void {
  FIELDS.put(writer, message);
}

/** Throws DecodeError. */
export function takeChain(body: Uint8Array): ChainMessage {
  const { family, attributes } = takeFamily(body);
  return { family, ...FIELDS.take(attributes) };
}
