import type { Item, LinkRef } from './plan.ts';

/**
 * What makes an item this one and no other: the kernel holds at most one thing of a key. Two items of one key that
 * differ are the same thing with other attributes. A route has no link in its key, since IPv4 has one route per range,
 * table and metric; an unreachable one stands beside it with a metric of its own.
 */
export function keyOf(item: Item): string {
  switch (item.kind) {
    case 'veth':
      return `link ${at(item.host)}`;
    case 'bridge':
    case 'vxlan':
    case 'vlan':
      return `link ${at(item.link)}`;
    case 'port':
    case 'up':
    case 'tbf':
      return `${item.kind} ${at(item.on)}`;
    case 'address':
    case 'neighbour':
      return `${item.kind} ${at(item.on)} ${item.address}`;
    case 'fdb':
      return `fdb ${at(item.on)} ${item.mac}`;
    case 'route':
      return `route ${item.on.netns} ${item.table} ${item.to}`;
    case 'unreachable':
      return `unreachable ${item.table} ${item.to}`;
    case 'rule':
      return `rule ${item.netns ?? 'host'} ${item.family} ${item.priority} ${selectors(item)}`;
    case 'local-rule':
      return `local-rule ${item.family}`;
    case 'sysctl':
      return `sysctl ${at(item.on)} ${item.key}`;
    case 'host-sysctl':
      return `sysctl ${item.key}`;
    case 'ruleset':
      return `ruleset ${item.ruleset.table}`;
    case 'element':
      return `element ${item.set} ${item.key.join(' . ')}`;
    case 'forward-accept':
      return `forward-accept ${item.family} ${item.range}`;
  }
}

/** The link an item lives on and vanishes with, or undefined: links themselves, and what belongs to a namespace. */
export function linkUnder(item: Item): LinkRef | undefined {
  return 'on' in item ? item.on : undefined;
}

/** The links an item makes. */
export function linksOf(item: Item): readonly LinkRef[] {
  if (item.kind === 'veth') return [item.host, item.pod];
  return item.kind === 'bridge' || item.kind === 'vxlan' || item.kind === 'vlan' ? [item.link] : [];
}

/** Whether an item stands in the pod's namespace. A veth stands in both, and counts as the host's. */
export function inPod(item: Item): boolean {
  return linkUnder(item)?.netns === 'pod' || (item.kind === 'rule' && item.netns === 'pod');
}

/** Whether an item is a setting of something that others may stand on as well: it is made, but never taken back. */
export function isSetting(item: Item): boolean {
  return SETTINGS.has(item.kind);
}

const SETTINGS: ReadonlySet<Item['kind']> = new Set(['up', 'sysctl', 'host-sysctl', 'local-rule']);

/** Whether two references name one link. */
export function sameLink(a: LinkRef, b: LinkRef): boolean {
  return a.netns === b.netns && a.name === b.name;
}

function at(link: LinkRef): string {
  return `${link.netns}:${link.name}`;
}

function selectors(rule: Item & { kind: 'rule' }): string {
  const mark = rule.mark === undefined ? '' : `${rule.mark.value}/${rule.mark.mask}`;
  return [rule.from ?? '', rule.to ?? '', rule.iif ?? '', mark].join(' ');
}
