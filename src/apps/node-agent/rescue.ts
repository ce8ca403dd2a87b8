import type { Millis } from '../../base/clock.ts';
import { type Address, hostPrefix } from '../../base/ip.ts';
import type { AttachmentId, AttachmentRecord } from '../../core/attachment.ts';
import { readAlias } from '../../core/datapath/alias.ts';
import { BRANCH_LINKS } from '../../core/datapath/node-ruleset.ts';
import { BRANCH_TABLE_BASE } from '../../core/datapath/numbers.ts';
import type { Item, Plan } from '../../core/datapath/plan.ts';
import { portsOf } from '../../core/datapath/ports.ts';

/**
 * Attachments that stand in the kernel and of which memory knows nothing: their record was lost with a broken or
 * removed journal. Such an attachment is taken on with the plan that was found, so that its addresses and ports are
 * given to nobody else and its DEL, or GC, finds what to undo. A link whose alias cannot be read is nobody's.
 */
export function lostAttachments(
  inventory: Plan,
  known: ReadonlySet<AttachmentId>,
  now: Millis,
): readonly AttachmentRecord[] {
  const found = inventory.flatMap((item): AttachmentRecord[] => {
    const read = item.kind === 'veth' ? readAlias(item.alias) : undefined;
    if (item.kind !== 'veth' || read === undefined || known.has(read.id)) return [];
    const { id, name, addresses, of } = read;
    const isOfNic = ofOwnNic(inventory, item.host.name, addresses);
    const isOf = (other: Item) => belongsTo(other, item.host.name, addresses) || isOfNic(other);
    const plan = [item, ...inventory.filter(isOf)];
    const kin = of === undefined ? {} : { of };
    return [{ id, name, netns: '', addresses, ...kin, ports: portsOf(plan), ordinal: 0, plan, result: '', since: now }];
  });
  return found.map((record) => withFurther(record, found));
}

/** An attachment takes with it what was found to go with it. */
function withFurther(record: AttachmentRecord, found: readonly AttachmentRecord[]): AttachmentRecord {
  const further = found.flatMap(({ of, name: { ifname } }) => (of === record.id ? [{ ifname, nic: {} }] : []));
  return further.length === 0 ? record : { ...record, further };
}

/**
 * Attachments on record of which neither the sandbox nor the link is there any more: the record of their DEL was lost
 * with a broken journal, or nobody will ever send it. Where one of both still stands (the sandbox of an ADD that is
 * asked again, the link of a pod whose namespace we cannot see from here) the attachment stays. A sandbox whose link
 * and pod are both gone is only what a runtime left behind; without a cluster no pod is known to be gone.
 */
export function vanishedAttachments(
  records: readonly AttachmentRecord[],
  inventory: Plan,
  of: { readonly sandboxExists: (path: string) => boolean; readonly podGone?: (record: AttachmentRecord) => boolean },
): readonly AttachmentRecord[] {
  const links = new Set(inventory.flatMap((item) => (item.kind === 'veth' ? [item.host.name] : [])));
  const hasLink = (item: Item) => item.kind === 'veth' && links.has(item.host.name);
  const isEmpty = (record: AttachmentRecord) => !of.sandboxExists(record.netns) || of.podGone?.(record) === true;
  return records.filter((record) => !record.plan.some(hasLink) && isEmpty(record));
}

/**
 * What else a pod has in the host that has a NIC of its own: that NIC's link where we made it, its table and the rules
 * that lead there. The table is known by a rule of the pod.
 */
function ofOwnNic(inventory: Plan, host: string, addresses: readonly Address[]): (item: Item) => boolean {
  const own = new Set<string | undefined>(addresses.map(hostPrefix));
  const tables = new Set<number>();
  for (const item of inventory)
    if (item.kind === 'rule' && item.table > BRANCH_TABLE_BASE && (item.iif === host || own.has(item.from)))
      tables.add(item.table);
  const links = new Set<string>();
  for (const item of inventory) if (item.kind === 'route' && tables.has(item.table)) links.add(item.on.name);
  links.delete(host);
  return (item) => {
    if (item.kind === 'rule') return tables.has(item.table);
    if (item.kind === 'route') return tables.has(item.table) && item.on.name !== host;
    if (item.kind === 'vlan') return links.has(item.link.name);
    return item.kind === 'element' && item.set === BRANCH_LINKS && item.key.some((it) => links.has(it));
  };
}

function belongsTo(item: Item, link: string, addresses: readonly string[]): boolean {
  if (item.kind === 'element')
    return item.key.includes(link) || addresses.some((it) => item.key.includes(it) || item.data?.includes(it));
  return 'on' in item && item.on.netns === 'host' && item.on.name === link;
}
