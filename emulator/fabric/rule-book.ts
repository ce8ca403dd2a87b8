import { FLAG } from '../../src/wire/netlink/header.ts';
import { FAMILY } from '../../src/wire/netlink/netfilter.ts';
import type { Operation, OperationName } from '../../src/wire/nftables/batch.ts';
import { HOOK, POLICY, putChain } from '../../src/wire/nftables/chain.ts';
import { putElements, type ElementMessage } from '../../src/wire/nftables/element.ts';
import { VERDICT } from '../../src/wire/nftables/expression.ts';
import { encodeFields, typeBytes, typeNumber } from '../../src/wire/nftables/field-type.ts';
import { putRule } from '../../src/wire/nftables/rule.ts';
import { BIG_ENDIAN_KEY, putSet, SET_FLAG, VERDICT_TYPE } from '../../src/wire/nftables/set.ts';
import { putTable } from '../../src/wire/nftables/table.ts';
import { encodeElement } from '../../src/io/kernel/nft-element-codec.ts';
import type { Change, Piece, PieceOf } from './piece.ts';

// Pieces of nftables as the operations of one transaction.

export const TABLE = 'fabric';
/** How many different drops a set remembers. */
const TOLD_LIMIT = 4096;
/** A message of elements stays far below the 64 KiB that an attribute may have. */
const MESSAGE_ELEMENTS = 200;

type SetPiece = PieceOf<'set'>;

/** The table itself. */
export function newTable(): Operation {
  return operation('newTable', (writer) => putTable(writer, { name: TABLE, flags: 0 }), FLAG.CREATE);
}

/**
 * From change to operations, in an order that never refers to what is not there. `there` has the pieces before it, for
 * elements tell no types.
 */
export function operationsFor({ gone, made }: Change, there: ReadonlyMap<string, Piece>): readonly Operation[] {
  const keyed = (pieces: readonly Piece[], kind: 'set' | 'chain') =>
    new Map(pieces.flatMap((piece) => (piece.kind === kind ? [[piece.name, piece] as const] : [])));
  const [goneChains, madeChains] = [keyed(gone, 'chain'), keyed(made, 'chain')];
  const [goneSets, madeSets] = [keyed(gone, 'set'), keyed(made, 'set')];
  const setOf = (name: string) => (madeSets.get(name) ?? there.get(`set ${name}`)) as SetPiece | undefined;
  const chains = [...madeChains.values()].filter((piece) => piece.kind === 'chain');
  return [
    ...[...madeSets.values()].flatMap((piece) => (piece.kind === 'set' ? [newSet(piece)] : [])),
    ...chains.filter(({ name }) => !goneChains.has(name)).map(newChain),
    ...elements('delElement', gone.filter(({ kind }) => kind === 'element') as PieceOf<'element'>[], setOf),
    ...[...goneChains.keys()].map(flush),
    ...chains.flatMap(newRules),
    ...elements('newElement', made.filter(({ kind }) => kind === 'element') as PieceOf<'element'>[], setOf),
    ...[...goneChains.keys()].filter((name) => !madeChains.has(name)).map(delChain),
    ...[...goneSets.keys()].filter((name) => !madeSets.has(name)).map(delSet),
  ];
}

function newSet({ name, key, data, filled }: SetPiece): Operation {
  const flags =
    (filled === 'by-ranges' ? SET_FLAG.interval : 0) |
    (filled === 'by-rules' ? SET_FLAG.dynamic : 0) |
    (data === undefined ? 0 : SET_FLAG.map);
  const message = {
    table: TABLE,
    name,
    flags,
    keyType: typeNumber(key),
    keyBytes: typeBytes(key),
    ...(data === undefined
      ? {}
      : data === 'verdict'
        ? VERDICTS
        : { dataType: typeNumber(data), dataBytes: typeBytes(data) }),
    ...(filled === 'by-rules' ? { size: { size: TOLD_LIMIT } } : {}),
    id: 1, // the kernel insists on one; names say which is meant
    ...(filled === 'by-ranges' ? { userdata: BIG_ENDIAN_KEY } : {}),
  };
  return operation('newSet', (writer) => putSet(writer, message), FLAG.CREATE);
}

const VERDICTS = { dataType: VERDICT_TYPE, dataBytes: 0 };

function newChain({ name, base }: PieceOf<'chain'>): Operation {
  const where =
    base === undefined
      ? {}
      : { type: base.type, policy: POLICY.accept, hook: { number: HOOK[base.hook], priority: base.priority } };
  return operation('newChain', (writer) => putChain(writer, { table: TABLE, name, ...where }), FLAG.CREATE);
}

function newRules({ name, rules }: PieceOf<'chain'>): readonly Operation[] {
  return rules.map(({ comment, steps }) => {
    const message = { table: TABLE, chain: name, expressions: steps, mark: { comment, tag: '' } };
    return operation('newRule', (writer) => putRule(writer, message), FLAG.CREATE | FLAG.APPEND);
  });
}

function flush(chain: string): Operation {
  return operation('delRule', (writer) => putRule(writer, { table: TABLE, chain }));
}

function delChain(name: string): Operation {
  return operation('delChain', (writer) => putChain(writer, { table: TABLE, name }));
}

function delSet(name: string): Operation {
  return operation('delSet', (writer) => putSet(writer, { table: TABLE, name }));
}

/** Elements of one set together, in messages that are not too long. */
function elements(
  name: 'newElement' | 'delElement',
  pieces: readonly PieceOf<'element'>[],
  setOf: (name: string) => SetPiece | undefined,
): readonly Operation[] {
  return [...new Set(pieces.map(({ set }) => set))].flatMap((set) => {
    const some = pieces.filter((piece) => piece.set === set);
    const shape = setOf(set);
    if (shape === undefined) throw new RangeError(`an element of no set: ${set}`);
    const messages = some.flatMap((piece) => spell(shape, piece, name === 'newElement'));
    const flags = name === 'newElement' ? FLAG.CREATE : 0;
    return portions(messages).map((elements) =>
      operation(name, (writer) => putElements(writer, { table: TABLE, set, elements }), flags),
    );
  });
}

function spell(shape: SetPiece, piece: PieceOf<'element'>, withData: boolean): readonly ElementMessage[] {
  if (shape.filled === 'by-ranges') return encodeElement({ name: shape.name, key: shape.key, interval: true }, piece);
  const key = { value: encodeFields(shape.key, piece.key) };
  const { data = [] } = piece;
  if (!withData || shape.data === undefined) return [{ key }];
  if (shape.data === 'verdict') return [{ key, data: { verdict: { code: VERDICT.goto, chain: data.join('') } } }];
  return [{ key, data: { value: encodeFields(shape.data, data) } }];
}

function portions<T>(all: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(all.length / MESSAGE_ELEMENTS);
  return Array.from({ length: count }, (_, i) => all.slice(i * MESSAGE_ELEMENTS, (i + 1) * MESSAGE_ELEMENTS));
}

/** An operation in a table of family inet. */
export function operation(name: OperationName, body: Operation['body'], flags = 0): Operation {
  return { name, family: FAMILY.inet, flags, body };
}
