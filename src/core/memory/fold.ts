import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import { byNumber, byText, SortedMap } from '../../base/sorted-map.ts';
import type { AttachmentId, AttachmentRecord } from '../attachment.ts';
import { nothingLearnt } from '../cluster/learnt.ts';
import type { Token } from '../ipam/nic.ts';
import type { KnownIntent, Memory, MemoryRecord } from './record.ts';

/** Released times beyond which the oldest are forgotten. */
const RELEASED_LIMIT = 16_384;
/** How many stay then: what a pool lets rest of two ranges (ENOUGH_AT_REST, core/ipam/placement.ts). */
const RELEASED_KEPT = 8_192;

/** How long a settled intent that gave something back still matters: a few times the cloud's lag. */
const SETTLED_KEPT_MS: Millis = 300_000;

/** Before the first record. */
export const emptyMemory: Memory = {
  bootId: undefined,
  attachments: SortedMap.empty<AttachmentId, AttachmentRecord>(byText),
  kept: SortedMap.empty<AttachmentId, readonly Address[]>(byText),
  released: SortedMap.empty<Address, Millis>(byText),
  nodePlan: [],
  intents: SortedMap.empty<Token, KnownIntent>(byText),
  nics: [],
  vpcRanges: [],
  learnt: nothingLearnt,
};

/** The memory with one record more. O(log n). The memory before stays as it was. */
export function remember(memory: Memory, record: MemoryRecord): Memory {
  switch (record.kind) {
    case 'boot':
      return afterBoot(memory, record.bootId);
    case 'claim': {
      const { attachment } = record;
      const attachments = memory.attachments.set(attachment.id, attachment);
      const released = attachment.addresses.reduce((all, address) => all.delete(address), memory.released);
      const kept = attachment.keeper === undefined ? memory.kept : memory.kept.delete(attachment.keeper);
      const next = { ...memory, attachments, kept, released };
      return released.size > RELEASED_LIMIT ? forget(next, attachment.since) : next;
    }
    case 'release': {
      const attachments = memory.attachments.delete(record.id);
      // What never reached the wire needs no rest: it is forgotten, which makes it fresh after a restart.
      const released = record.addresses.reduce(
        (all, address) => (record.freeAt === 0 ? all.delete(address) : all.set(address, record.freeAt)),
        memory.released,
      );
      return { ...memory, attachments, kept: memory.kept.delete(record.id), released };
    }
    case 'kept': {
      const released = record.addresses.reduce((all, address) => all.delete(address), memory.released);
      return { ...memory, kept: memory.kept.set(record.by, record.addresses), released };
    }
    case 'node-plan':
      return { ...memory, nodePlan: record.plan };
    case 'intent': {
      const { intent, at } = record;
      return { ...memory, intents: withoutOld(memory.intents, at).set(intent.token, { intent, at }) };
    }
    case 'settled':
      return { ...memory, intents: record.tokens.reduce((all, it) => settled(all, it, record.at), memory.intents) };
    case 'nics':
      return { ...memory, nics: record.nics };
    case 'vpc-ranges':
      return { ...memory, vpcRanges: record.ranges };
    case 'cluster':
      return { ...memory, learnt: record.learnt };
    default:
      return memory; // of a later version: the journal keeps it for its reader
  }
}

/** What was given back, at some time, is kept for a while: a report from before may still tell of it. */
function settled(intents: Memory['intents'], token: Token, at: Millis): Memory['intents'] {
  const known = intents.get(token);
  if (known === undefined) return intents;
  const back = known.intent.kind === 'unassign' || known.intent.kind === 'deleteNic';
  return back && at > 0 ? intents.set(token, { ...known, settledAt: at }) : intents.delete(token);
}

function withoutOld(intents: Memory['intents'], now: Millis): Memory['intents'] {
  let kept = intents;
  for (const [token, { settledAt }] of intents)
    if (settledAt !== undefined && settledAt < now - SETTLED_KEPT_MS) kept = kept.delete(token);
  return kept;
}

/**
 * The memory under a boot of the machine. Under another one than before no attachment lives and nothing of ours is in
 * the kernel. Its addresses are free at once: they died with the machine, not a moment ago. They count as used since
 * they were claimed, so that fresh ones go first. What was cooling goes on cooling.
 */
export function afterBoot(memory: Memory, bootId: string): Memory {
  if (memory.bootId === undefined || memory.bootId === bootId) return { ...memory, bootId };
  let { released, kept } = memory;
  for (const { addresses, since, keeper } of memory.attachments.values())
    if (keeper !== undefined) kept = kept.set(keeper, addresses);
    else for (const address of addresses) released = released.set(address, since);
  const { intents, nics, vpcRanges, learnt } = memory; // cloud and cluster outlive the machine
  return { ...emptyMemory, bootId, kept, released, intents, nics, vpcRanges, learnt };
}

/**
 * The memory without the released times that no longer matter: of the addresses that are free at `now`, the longest
 * free beyond `RELEASED_KEPT`. Forgotten ones are taken for fresh and given first, as the longest free ones are: the
 * order stays.
 */
export function forget(memory: Memory, now: Millis): Memory {
  const free = [...memory.released].filter(([, freeAt]) => freeAt <= now).sort(([, a], [, b]) => byNumber(b, a));
  const released = free.slice(RELEASED_KEPT).reduce((all, [address]) => all.delete(address), memory.released);
  return { ...memory, released };
}

/** The fewest records that fold to the same memory. Released times longest free first; whose they were is forgotten. */
export function snapshot(memory: Memory): readonly MemoryRecord[] {
  const records: MemoryRecord[] = memory.bootId === undefined ? [] : [{ kind: 'boot', bootId: memory.bootId }];
  if (memory.nodePlan.length > 0) records.push({ kind: 'node-plan', plan: memory.nodePlan });
  if (memory.nics.length > 0) records.push({ kind: 'nics', nics: memory.nics });
  if (memory.vpcRanges.length > 0) records.push({ kind: 'vpc-ranges', ranges: memory.vpcRanges });
  if (memory.learnt !== nothingLearnt) records.push({ kind: 'cluster', learnt: memory.learnt });
  for (const attachment of memory.attachments.values()) records.push({ kind: 'claim', attachment });
  for (const [by, addresses] of memory.kept) records.push({ kind: 'kept', by, addresses });
  const times = new Map<Millis, Address[]>();
  for (const [address, freeAt] of memory.released) {
    const together = times.get(freeAt);
    if (together === undefined) times.set(freeAt, [address]);
    else together.push(address);
  }
  for (const [freeAt, addresses] of [...times].sort(([a], [b]) => byNumber(a, b)))
    records.push({ kind: 'release', id: '' as AttachmentId, addresses, freeAt });
  const intents = [...memory.intents.values()];
  for (const { intent, at } of intents) records.push({ kind: 'intent', intent, at });
  for (const { intent, settledAt } of intents)
    if (settledAt !== undefined) records.push({ kind: 'settled', tokens: [intent.token], at: settledAt });
  return records;
}
