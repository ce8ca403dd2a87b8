import { HOST_LINK_PREFIX, LINK_ALIAS, ROUTE_PROTOCOL } from '../../core/datapath/numbers.ts';
import type { LinkRef } from '../../core/datapath/plan.ts';
import type { LinkMessage } from '../../wire/rtnetlink/link.ts';
import { routeItem, ruleItem, unreachableItem } from './items-read.ts';
import { bridgeItem, type RouteItem, vethItem, vlanItem, vxlanItem } from './link-item.ts';
import type { Place } from './place.ts';
import { readLinks, readRoutes, readRules } from './readings.ts';

/**
 * All in the host's namespace that bears our mark: links by name or alias, routes and rules by protocol. Throws
 * KernelError.
 */
export function inventory(host: Place): readonly RouteItem[] {
  const links = readLinks(host);
  const refOf = (index: number): LinkRef => ({
    netns: 'host',
    name: links.find((link) => link.index === index)?.name ?? '',
  });
  const routes = readRoutes(host).filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
  const rules = readRules(host).filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
  return [
    ...links.flatMap((link) => ownLink(host, link) ?? []),
    ...routes.flatMap((route) => unreachableItem(route) ?? routeItem(refOf(route.outIndex ?? 0), route) ?? []),
    ...rules.flatMap((rule) => ruleItem('host', rule) ?? []),
  ];
}

function ownLink(host: Place, link: LinkMessage): RouteItem | undefined {
  const ref = { netns: 'host', name: link.name ?? '' } as const;
  const kind = link.kind?.kind;
  if (kind === 'veth' && ref.name.startsWith(HOST_LINK_PREFIX)) return vethItem(ref, link);
  if (link.alias !== LINK_ALIAS) return undefined;
  if (kind === 'bridge') return bridgeItem(ref, link);
  if (kind === 'vlan') return vlanItem(ref, link, host);
  return kind === 'vxlan' ? vxlanItem(ref, link) : undefined;
}
