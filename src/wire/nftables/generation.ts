import { fields, type Spelled, text } from '../netlink/fields.ts';
import { takeFamily, u32be } from '../netlink/netfilter.ts';

// NFTA_GEN_*, linux/netfilter/nf_tables.h
const FIELDS = fields({ number: [1, u32be], processId: [2, u32be], processName: [3, text] });

/** The last notification of a transaction: who made it, as the machine's first namespace of processes numbers it. */
export type GenerationMessage = Spelled<typeof FIELDS>;

/** Throws DecodeError. */
export function takeGeneration(body: Uint8Array): GenerationMessage {
  return FIELDS.take(takeFamily(body).attributes);
}
