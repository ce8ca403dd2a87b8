import type { Millis } from '../../base/clock.ts';
import { type Address, address } from '../../base/ip.ts';
import { type AttachmentId, attachmentId, type AttachmentName, type AttachmentRecord } from '../../core/attachment.ts';
import { keyOf } from '../../core/datapath/identity.ts';
import type { Item, Plan } from '../../core/datapath/plan.ts';

const ALIAS_BYTES = 255; // IFALIASZ - 1, linux/if.h

/** What a pod's host end is called in the kernel: the attachment and its addresses, so that a lost record can be read off the link. */
export function aliasOf(id: AttachmentId, addresses: readonly Address[]): string {
  const whole = [id, ...addresses].join(' ');
  return whole.length <= ALIAS_BYTES ? whole : id.slice(0, ALIAS_BYTES);
}

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
    if (item.kind !== 'veth' || read === undefined || known.has(attachmentId(read.name))) return [];
    const { name, addresses } = read;
    const plan = [item, ...inventory.filter((other) => belongsTo(other, item.host.name, addresses))];
    return [
      { id: attachmentId(name), name, netns: '', addresses, ports: [], ordinal: 0, plan, result: '', since: now },
    ];
  });
}

/** Items of ours that belong to no plan: what a crash left, or an attachment that another boot had. Links first, since much goes with them. */
export function orphans(inventory: Plan, plans: readonly Plan[]): Plan {
  const owned = new Set(plans.flat().map(keyOf));
  const lost = inventory.filter((item) => !owned.has(keyOf(item)));
  return [...lost.filter(({ kind }) => kind === 'veth'), ...lost.filter(({ kind }) => kind !== 'veth')];
}

function readAlias(alias: string): { name: AttachmentName; addresses: readonly Address[] } | undefined {
  const [id = '', ...rest] = alias.split(' ');
  const [network, containerId, ifname, ...more] = id.split('/');
  if (network === undefined || containerId === undefined || ifname === undefined || more.length > 0) return undefined;
  try {
    return { name: { network, containerId, ifname }, addresses: rest.map(address) };
  } catch {
    return undefined; // somebody else wrote it
  }
}

function belongsTo(item: Item, link: string, addresses: readonly string[]): boolean {
  if (item.kind === 'element')
    return item.key.includes(link) || addresses.some((it) => item.key.includes(it) || item.data?.includes(it));
  return 'on' in item && item.on.netns === 'host' && item.on.name === link;
}
