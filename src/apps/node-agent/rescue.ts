import type { Millis } from '../../base/clock.ts';
import type { AttachmentId, AttachmentRecord } from '../../core/attachment.ts';
import { readAlias } from '../../core/datapath/alias.ts';
import { keyOf } from '../../core/datapath/identity.ts';
import type { Item, Plan } from '../../core/datapath/plan.ts';

/**
 * Attachments that stand in the kernel and of which memory knows nothing: their record was lost with a broken or removed journal. Such
 * an attachment is taken on with the plan that was found, so that its addresses are given to nobody else and its DEL, or GC, finds what
 * to undo. A link whose alias cannot be read is nobody's.
 */
export function lostAttachments(
  inventory: Plan,
  known: ReadonlySet<AttachmentId>,
  now: Millis,
): readonly AttachmentRecord[] {
  return inventory.flatMap((item) => {
    const read = item.kind === 'veth' ? readAlias(item.alias) : undefined;
    if (item.kind !== 'veth' || read === undefined || known.has(read.id)) return [];
    const { id, name, addresses } = read;
    const plan = [item, ...inventory.filter((other) => belongsTo(other, item.host.name, addresses))];
    return [{ id, name, netns: '', addresses, ports: [], ordinal: 0, plan, result: '', since: now }];
  });
}

/** Items of ours that belong to no plan: what a crash left, or an attachment that another boot had. Links first, since much goes with them. */
export function orphans(inventory: Plan, plans: readonly Plan[]): Plan {
  const owned = new Set(plans.flat().map(keyOf));
  const lost = inventory.filter((item) => !owned.has(keyOf(item)));
  return [...lost.filter(({ kind }) => kind === 'veth'), ...lost.filter(({ kind }) => kind !== 'veth')];
}

function belongsTo(item: Item, link: string, addresses: readonly string[]): boolean {
  if (item.kind === 'element')
    return item.key.includes(link) || addresses.some((it) => item.key.includes(it) || item.data?.includes(it));
  return 'on' in item && item.on.netns === 'host' && item.on.name === link;
}
