import type { Address, Family, InterfaceAddress, Prefix } from '../../src/base/ip.ts';
import type { Mac } from '../../src/base/mac.ts';
import type { FieldType } from '../../src/wire/nftables/field-type.ts';
import type { Expression } from '../../src/wire/nftables/expression.ts';
import type { Id } from '../cloud/nouns.ts';

/** Whose namespace: the VPC's fabric, or the internet behind it. */
export type Place = 'fabric' | 'internet';

/** One rule of nftables; the comment is for the reader of `nft list ruleset`. */
export interface FabricRule {
  readonly comment: string;
  readonly steps: readonly Expression[];
}

export interface BaseChain {
  readonly type: 'filter' | 'nat';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'postrouting';
  readonly priority: number;
}

/** One thing that shall exist in the kernel for a VPC. `keyOf` is its identity: one with the same takes its place. */
export type Piece =
  /** A link from the fabric into an instance. Only the primary NIC's end comes up: the system's boot does that. */
  | { readonly kind: 'nic'; readonly link: string; readonly instance: Id; readonly name: string; readonly mac: Mac }
  /** A link from the fabric to the internet, both ends up. */
  | { readonly kind: 'uplink'; readonly link: string; readonly far: string }
  /** The system of an instance sets its primary NIC up, as DHCP and router advertisements would have it. */
  | {
      readonly kind: 'boot';
      readonly link: string; // the fabric's end: without it there is nothing to set up
      readonly instance: Id;
      readonly name: string;
      readonly address: InterfaceAddress;
      readonly router: Address;
      readonly address6?: Address;
    }
  | { readonly kind: 'address'; readonly address: Address } // on the fabric's loopback
  | {
      readonly kind: 'route';
      readonly at: Place;
      readonly to: Prefix;
      readonly link: string;
      readonly table: number;
      readonly far: boolean; // to the far end of the link; else the link itself
    }
  | {
      readonly kind: 'neighbour';
      readonly at: Place;
      readonly link: string;
      readonly family: Family;
      readonly mac: Mac;
    }
  | {
      readonly kind: 'policy';
      readonly family: Family;
      readonly priority: number;
      readonly mark: number;
      readonly mask: number;
      readonly table: number;
    }
  | {
      readonly kind: 'set';
      readonly name: string;
      readonly key: readonly FieldType[];
      readonly data?: readonly FieldType[] | 'verdict';
      readonly filled: 'by-us' | 'by-ranges' | 'by-rules';
    }
  | { readonly kind: 'chain'; readonly name: string; readonly base?: BaseChain; readonly rules: readonly FabricRule[] }
  /** `data` of a map of verdicts is the chain to go to. */
  | {
      readonly kind: 'element';
      readonly set: string;
      readonly key: readonly string[];
      readonly data?: readonly string[];
    };

export type PieceOf<K extends Piece['kind']> = Extract<Piece, { readonly kind: K }>;

/** Equal keys: the same thing, perhaps with other attributes. */
export function keyOf(piece: Piece): string {
  switch (piece.kind) {
    case 'nic':
    case 'uplink':
      return `link ${piece.link}`;
    case 'boot':
      return `boot ${piece.instance}`;
    case 'address':
      return `address ${piece.address}`;
    case 'route':
      return `route ${piece.at} ${piece.to} ${piece.table}`;
    case 'neighbour':
      return `neighbour ${piece.at} ${piece.link} ${piece.family}`;
    case 'policy':
      return `policy ${piece.family} ${piece.priority} ${piece.mark}`;
    case 'set':
    case 'chain':
      return `${piece.kind} ${piece.name}`;
    case 'element':
      return `element ${piece.set} ${piece.key.join(' . ')}`;
  }
}

/** What must be done to come from the pieces there are to those there shall be. */
export interface Change {
  readonly gone: readonly Piece[];
  readonly made: readonly Piece[];
}

/** The same key with other attributes is in both. */
export function difference(there: ReadonlyMap<string, Piece>, wanted: ReadonlyMap<string, Piece>): Change {
  const same = (a: Piece, b: Piece | undefined) => a === b || (b !== undefined && text(a) === text(b));
  return {
    gone: [...there].flatMap(([key, piece]) => (same(piece, wanted.get(key)) ? [] : [piece])),
    made: [...wanted].flatMap(([key, piece]) => (same(piece, there.get(key)) ? [] : [piece])),
  };
}

/** Pieces by key. Throws RangeError when two claim the same: the state contradicts itself. */
export function byKey(pieces: readonly Piece[]): ReadonlyMap<string, Piece> {
  return merged(pieces.map((piece) => new Map([[keyOf(piece), piece]])));
}

/** The pieces of several owners together. Throws RangeError when two claim the same. */
export function merged(parts: readonly ReadonlyMap<string, Piece>[]): ReadonlyMap<string, Piece> {
  const all = new Map<string, Piece>();
  for (const part of parts)
    for (const [key, piece] of part) {
      const other = all.get(key);
      if (other !== undefined && text(other) !== text(piece)) throw new RangeError(`two of ${key}`);
      all.set(key, piece);
    }
  return all;
}

function text(piece: Piece): string {
  return JSON.stringify(piece, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
}
