/**
 * Names of the sets and maps that hold what differs per pod or by configuration. The rules that use them never
 * change.
 */
export type SetName = string;

/** A field of a packet, named as nft names it. */
export type Field =
  | 'ip saddr'
  | 'ip daddr'
  | 'ip6 saddr'
  | 'ip6 daddr'
  | 'meta l4proto'
  | 'th dport'
  | 'meta nfproto'
  | 'iifname'
  | 'oifname'
  | 'meta mark'
  | 'ct mark'
  | 'fib daddr type'
  | 'ct status'
  | 'ct state'
  | 'ct direction';

/** Types of set keys and map data; a concatenation is a list. */
export type SetType = 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service' | 'ifname' | 'mark';

/**
 * What becomes of the source ports of what is masqueraded: kept where nobody else has them, chosen by a hash of the
 * connection, or by chance.
 */
export type SourcePorts = 'kept' | 'hashed' | 'random';

/** One step of a rule, in nft's own order of evaluation. */
export type Statement =
  /** `field` equals (or not) a literal: an address, a prefix "10.0.0.0/8", a number, a name; "name*" is a beginning. */
  | { readonly is: 'match'; readonly field: Field; readonly op: '==' | '!='; readonly value: string | number }
  /** `field & mask` equals (or not) `value`: marks, ct status, ct state (as bits of linux/netfilter). */
  | {
      readonly is: 'match-bits';
      readonly field: Field;
      readonly mask: number;
      readonly op: '==' | '!=';
      readonly value: number;
    }
  /** The concatenated fields are (or are not) in a set. */
  | { readonly is: 'in'; readonly fields: readonly Field[]; readonly set: SetName; readonly not?: boolean }
  /** Destination NAT to what a map says of the fields: the data is address . port. */
  | { readonly is: 'dnat-map'; readonly family: 'v4' | 'v6'; readonly fields: readonly Field[]; readonly map: SetName }
  | { readonly is: 'masquerade'; readonly ports: SourcePorts }
  /** The whole mark becomes what a map says of the fields; ends the rule when it says nothing. */
  | { readonly is: 'map-mark'; readonly which: 'meta' | 'ct'; readonly fields: readonly Field[]; readonly map: SetName }
  // (old & ~mask) | value
  | { readonly is: 'set-mark'; readonly which: 'meta' | 'ct'; readonly mask: number; readonly value: number }
  | { readonly is: 'notrack' }
  | { readonly is: 'counter' }
  | { readonly is: 'accept' }
  | { readonly is: 'drop' }
  | { readonly is: 'return' }
  | { readonly is: 'jump'; readonly chain: string };

export interface Rule {
  readonly comment: string; // for the reader of `nft list`; together with the statements it makes the rule's tag
  readonly statements: readonly Statement[];
}

export interface Chain {
  readonly name: string;
  /**
   * Absent: an ordinary chain, reached by jump. Priority as nft counts it: raw -300, dstnat -100, filter 0, srcnat
   * 100.
   */
  readonly base?: {
    readonly type: 'filter' | 'nat' | 'route';
    readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
    readonly priority: number;
  };
  readonly rules: readonly Rule[];
}

export interface NftSet {
  readonly name: SetName;
  readonly key: readonly SetType[];
  readonly data?: readonly SetType[]; // a map
  readonly interval?: boolean; //        keys are prefixes
}

/** Our one table of family inet: everything of it but the elements. */
export interface Ruleset {
  readonly table: string;
  readonly tag: string; // a hash of all below: the same tag is the same ruleset
  readonly sets: readonly NftSet[];
  readonly chains: readonly Chain[];
}
