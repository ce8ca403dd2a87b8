import { textOf, utf8 } from '../../base/bytes.ts';
import type { RawRecord } from './format.ts';

/** The numbers of the kinds on disk. They are never used anew for something else. */
const KINDS: Readonly<Record<string, number>> = {
  boot: 1,
  claim: 2,
  release: 3,
  'node-plan': 4,
  end: 5,
  intent: 6,
  settled: 7,
  nics: 8,
  'vpc-ranges': 9,
  cluster: 10,
  kept: 11,
};
const NAMES = new Map(Object.entries(KINDS).map(([name, number]) => [number, name]));

/** The last record of a snapshot: only a file that has it holds everything that was known when it was begun. */
export const SNAPSHOT_END: RawRecord = { kind: 5, payload: new Uint8Array(0) };

/**
 * A value with a `kind` of ours as a record: its JSON, without the kind. Throws RangeError for a kind that has no
 * number.
 */
export function toRaw(value: { readonly kind: string }): RawRecord {
  const kind = KINDS[value.kind];
  if (kind === undefined) throw new RangeError(`a record of kind ${value.kind} has no number`);
  return { kind, payload: utf8(JSON.stringify({ ...value, kind: undefined })) };
}

/** Whether a record is of a kind that this version knows. */
export function isKnown({ kind }: RawRecord): boolean {
  return NAMES.has(kind);
}

/** The value of a record, or undefined: of a kind we do not know, or no JSON object though its checksum is right. */
export function fromRaw({
  kind,
  payload,
}: RawRecord): ({ readonly kind: string } & Readonly<Record<string, unknown>>) | undefined {
  const name = NAMES.get(kind);
  if (name === undefined || kind === SNAPSHOT_END.kind) return undefined;
  try {
    const value: unknown = JSON.parse(textOf(payload));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, kind: name } : undefined;
  } catch {
    return undefined;
  }
}
