import { emptyMemory, remember } from '../../core/memory/fold.ts';
import type { Memory, MemoryRecord } from '../../core/memory/record.ts';
import type { RawRecord, Scan } from '../../wire/journal/format.ts';
import { fromRaw, isKnown, SNAPSHOT_END } from '../../wire/journal/record.ts';

/** A file of the journal, read. */
export interface Found {
  readonly name: string;
  readonly generation: number;
  readonly scan: Scan & { readonly ours: true };
}

/** What the files amount to. */
export interface Recalled {
  readonly memory: Memory;
  readonly records: number;
  readonly foreign: readonly RawRecord[]; // of kinds that we do not know
  readonly unread: number; //                of kinds that we know, in a shape that we do not
}

/**
 * Folds files, oldest first. A file begins with a snapshot of all before it, so it counts alone where that is whole.
 * Where it is not (the machine stopped before it was durable, or it is broken), what the file before it knew counts as
 * well: the snapshot was made of that.
 */
export function recall(files: readonly Found[]): Recalled {
  let recalled: Recalled = { memory: emptyMemory, records: 0, foreign: [], unread: 0 };
  for (const { scan } of files) {
    const before = hasWholeSnapshot(scan) ? { ...recalled, memory: emptyMemory, records: 0, foreign: [] } : recalled;
    recalled = scan.records.reduce(withRecord, before);
  }
  return recalled;
}

/** Whether everything from the file's beginning to the end of its snapshot is there. */
export function hasWholeSnapshot({ records, breaks }: Found['scan']): boolean {
  const end = records.findIndex(({ kind }) => kind === SNAPSHOT_END.kind);
  return end >= 0 && !breaks.some((before) => before <= end);
}

function withRecord(recalled: Recalled, raw: RawRecord): Recalled {
  if (raw.kind === SNAPSHOT_END.kind) return recalled;
  if (!isKnown(raw)) return { ...recalled, foreign: [...recalled.foreign, raw] };
  const value = fromRaw(raw);
  if (value === undefined || !isRecord(value)) return { ...recalled, unread: recalled.unread + 1 };
  return { ...recalled, memory: remember(recalled.memory, value), records: recalled.records + 1 };
}

type Loose = Readonly<Record<string, unknown>>;

/**
 * Whether a value has the shape of a record, as far as anybody would fall over it. Its checksum was right, but who
 * wrote it is not known.
 */
function isRecord(value: Loose & { readonly kind: string }): value is MemoryRecord & Loose {
  switch (value.kind) {
    case 'boot':
      return typeof value['bootId'] === 'string';
    case 'claim':
      return isObject(value['attachment']) && isAttachment(value['attachment']);
    case 'release':
      return typeof value['id'] === 'string' && areTexts(value['addresses']) && typeof value['freeAt'] === 'number';
    case 'kept':
      return typeof value['by'] === 'string' && areTexts(value['addresses']);
    case 'node-plan':
      return isPlan(value['plan']);
    case 'intent':
      return isObject(value['intent']) && isIntent(value['intent']) && typeof value['at'] === 'number';
    case 'settled':
      return areTexts(value['tokens']) && typeof value['at'] === 'number';
    case 'nics':
      return Array.isArray(value['nics']) && value['nics'].every((nic) => isObject(nic) && isNic(nic));
    case 'vpc-ranges':
      return areTexts(value['ranges']);
    case 'cluster':
      return isObject(value['learnt']) && isLearnt(value['learnt']);
    default:
      return false;
  }
}

function isLearnt({ ranges, peers, cluster }: Loose): boolean {
  const isPeer = (it: unknown) =>
    isObject(it) && typeof it['name'] === 'string' && areTexts(it['addresses']) && areTexts(it['ranges']);
  return areTexts(ranges) && areTexts(cluster) && Array.isArray(peers) && peers.every(isPeer);
}

function isAttachment({
  id,
  name,
  netns,
  addresses,
  ports,
  ordinal,
  plan,
  result,
  since,
  keeper = '',
  branch,
  of = '',
  further = [],
}: Loose): boolean {
  const named = isObject(name) && [name['network'], name['containerId'], name['ifname']];
  const listed = Array.isArray(ports) && ports.every(isObject);
  const counted = typeof ordinal === 'number' && typeof since === 'number';
  return (
    areTexts([id, netns, result, keeper, of]) &&
    areFurther(further) &&
    areTexts(named) &&
    areTexts(addresses) &&
    listed &&
    counted &&
    isPlan(plan) &&
    (branch === undefined || (isObject(branch) && isBranch(branch)))
  );
}

function isBranch({ id, mac, vlan, groups, enforcing }: Loose): boolean {
  return areTexts([id, mac, enforcing]) && areTexts(groups) && typeof vlan === 'number';
}

function areFurther(further: unknown): boolean {
  const isOne = (it: unknown) => isObject(it) && typeof it['ifname'] === 'string' && isObject(it['nic']);
  return Array.isArray(further) && further.every(isOne);
}

function isIntent({ kind, token, nic, unit, family, count, spec, what }: Loose): boolean {
  if (typeof token !== 'string') return false;
  switch (kind) {
    case 'assign':
      return areTexts([nic, unit, family]) && typeof count === 'number';
    case 'createNic':
      return isObject(spec) && areTexts([spec['unit'], spec['family']]) && typeof spec['count'] === 'number';
    case 'unassign':
      return typeof nic === 'string' && areTexts(what);
    case 'deleteNic':
      return typeof nic === 'string';
    default:
      return false;
  }
}

function isNic({
  id,
  mac,
  device,
  card,
  subnet,
  subnetRange,
  gateway,
  groups,
  kind,
  managed,
  ...held
}: Loose): boolean {
  const listed = [groups, held['primary'], held['addresses'], held['prefixes']].every(areTexts);
  const placed = typeof device === 'number' && typeof card === 'number' && typeof managed === 'boolean';
  return areTexts([id, mac, subnet, subnetRange, gateway, kind]) && listed && placed;
}

function isPlan(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => isObject(item) && typeof item['kind'] === 'string');
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((it) => typeof it === 'string');
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
