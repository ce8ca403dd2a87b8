import type { Writer } from '../../base/bytes.ts';
import {
  NESTED,
  putNest,
  putText,
  putU32be,
  readAttributes,
  textOfAttribute,
  u32beOf,
  type Attribute,
} from '../netlink/attribute.ts';
import { readNetfilter } from '../netlink/netfilter.ts';

const NFTA_CHAIN = { TABLE: 1, NAME: 3, HOOK: 4, POLICY: 5, TYPE: 7 } as const; // linux/netfilter/nf_tables.h
const NFTA_HOOK = { HOOKNUM: 1, PRIORITY: 2 } as const;

/** NF_INET_*, linux/netfilter.h. */
export const HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
/** NF_DROP, NF_ACCEPT. */
export const POLICY = { drop: 0, accept: 1 } as const;

/** Where a base chain hangs. */
export interface BaseValue {
  readonly type: string; // "filter", "nat", "route"
  readonly hook: number;
  readonly priority: number; // signed
  readonly policy: number;
}

/** A chain; one without base is reached by jumps. */
export interface ChainValue {
  readonly family: number;
  readonly table: string;
  readonly name: string;
  readonly base?: BaseValue;
}

/** Writes a chain to make, or without base to find or delete. */
export function putChain(writer: Writer, chain: Omit<ChainValue, 'family'>): void {
  putText(writer, NFTA_CHAIN.TABLE, chain.table);
  putText(writer, NFTA_CHAIN.NAME, chain.name);
  const { base } = chain;
  if (base === undefined) return;
  putText(writer, NFTA_CHAIN.TYPE, base.type);
  putU32be(writer, NFTA_CHAIN.POLICY, base.policy);
  putNest(writer, NFTA_CHAIN.HOOK | NESTED, (nest) => {
    putU32be(nest, NFTA_HOOK.HOOKNUM, base.hook);
    putU32be(nest, NFTA_HOOK.PRIORITY, base.priority >>> 0);
  });
}

/** Throws DecodeError. */
export function readChain(body: Uint8Array): ChainValue {
  const { family, attributes } = readNetfilter(body);
  let [table, name, type, policy] = ['', '', '', POLICY.accept as number];
  let hook: { hook: number; priority: number } | undefined;
  for (const attribute of attributes) {
    if (attribute.type === NFTA_CHAIN.TABLE) table = textOfAttribute(attribute);
    if (attribute.type === NFTA_CHAIN.NAME) name = textOfAttribute(attribute);
    if (attribute.type === NFTA_CHAIN.TYPE) type = textOfAttribute(attribute);
    if (attribute.type === NFTA_CHAIN.POLICY) policy = u32beOf(attribute);
    if (attribute.type === NFTA_CHAIN.HOOK) hook = readHook(attribute);
  }
  return { family, table, name, ...(hook === undefined ? {} : { base: { type, ...hook, policy } }) };
}

function readHook(nest: Attribute): { hook: number; priority: number } {
  let [hook, priority] = [0, 0];
  for (const attribute of readAttributes(nest.value)) {
    if (attribute.type === NFTA_HOOK.HOOKNUM) hook = u32beOf(attribute);
    if (attribute.type === NFTA_HOOK.PRIORITY) priority = u32beOf(attribute) | 0;
  }
  return { hook, priority };
}
