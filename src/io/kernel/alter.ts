import type { Mac } from '../../base/mac.ts';
import { inPod, sameLink } from '../../core/datapath/identity.ts';
import { LINK_ALIAS, ROUTE_PROTOCOL } from '../../core/datapath/numbers.ts';
import { show } from '../../core/datapath/plan.ts';
import { LINK_FLAG, type LinkMessage } from '../../wire/rtnetlink/link.ts';
import { settle, type Steps, type Tools } from './create.ts';
import { routeItem, ruleItem } from './items-read.ts';
import { KernelError } from './kernel.ts';
import { putLocalRule } from './local-rule.ts';
import { endsOf, type NewLink, type RouteItem, slotOf, vlanItem, vxlanItem } from './link-item.ts';
import { readRoutes, readRules } from './readings.ts';
import { bringingUp, joining, removing, removingLink, replacing, settingLink } from './requests.ts';
import type { Step } from './steps.ts';
import { writeHostSysctl } from './sysctl.ts';

/**
 * The steps that bring in line what is there with other attributes; `shown` is how it is there. Throws KernelError,
 * kind `exists`, when it is somebody else's.
 */
export function inLine(item: Exclude<RouteItem, NewLink>, shown: RouteItem, tools: Tools): Steps {
  return inPod(item)
    ? { host: [], pod: alterOne(item, shown, tools) }
    : { host: alterOne(item, shown, tools), pod: [] };
}

function alterOne(item: Exclude<RouteItem, NewLink>, shown: RouteItem, tools: Tools): Step[] {
  const { links, places } = tools;
  switch (item.kind) {
    case 'up':
      return [{ items: [item], requests: [bringingUp(links.index(item.on), item.mtu)] }];
    case 'port':
      return [{ items: [item], requests: joining(item, links) }];
    case 'sysctl':
      return [...settle(item, tools)];
    case 'host-sysctl':
      return [{ items: [item], write: () => writeHostSysctl(places.host.netns, item.key, item.value) }];
    case 'local-rule':
      return [{ items: [item], write: () => putLocalRule(places.host, item) }];
    case 'rule': {
      if (!isOurs(item, tools)) throw foreign(item, shown);
      const old = shown.kind === 'rule' ? [removing(shown, links)] : [];
      return [{ items: [item], requests: [...old, replacing(item, links)] }];
    }
    case 'route':
    case 'unreachable':
      if (!isOurs(item, tools)) throw foreign(item, shown);
      return [{ items: [item], requests: [replacing(item, links)] }];
    default:
      return [{ items: [item], requests: [replacing(item, links)] }];
  }
}

/** Routes and rules bear the number of who made them. Asked only when one is in the way: it costs a dump. */
function isOurs(item: RouteItem, { places }: Tools): boolean {
  const netns = inPod(item) ? 'pod' : 'host';
  const place = places.of(netns);
  const anywhere = { netns, name: '' } as const;
  const standing =
    item.kind === 'rule'
      ? readRules(place).map((message) => ({ message, item: ruleItem(netns, message) }))
      : readRoutes(place).map((message) => ({ message, item: routeItem(anywhere, message) }));
  const same = standing.filter((one) => one.item !== undefined && slotOf(one.item) === slotOf(item));
  return same.every(({ message }) => message.protocol === ROUTE_PROTOCOL);
}

function foreign(item: RouteItem, shown: RouteItem): KernelError {
  return new KernelError('exists', `cannot make ${show(item)}: somebody else made ${show(shown)}`);
}

/**
 * The steps that bring a link in line, or remove it when that cannot be; undefined when there is none. They fail, kind
 * `exists`, when the name is taken by a link that is not it.
 */
export function linkChange(item: NewLink, tools: Tools): Steps | undefined {
  try {
    return item.kind === 'veth' ? vethChange(item, tools) : otherChange(item, tools);
  } catch (error) {
    if (error instanceof KernelError) return { host: [], pod: [], failure: { item, error } };
    throw error;
  }
}

const UP = { flags: LINK_FLAG.UP, change: LINK_FLAG.UP };

function vethChange(item: NewLink & { kind: 'veth' }, tools: Tools): Steps | undefined {
  const { links, places } = tools;
  const where = places.of('pod').netns.path;
  const { host, pod } = endsOf(item, links, places);
  if (host === undefined) {
    const taken = links.read(item.pod);
    if (taken === undefined) return undefined;
    throw new KernelError(
      'exists',
      `the pod's namespace ${where} already has a link ${item.pod.name} (${kindOf(taken)})`,
    );
  }
  if (pod === undefined || pod.name !== item.pod.name) {
    const what = pod === undefined ? 'not the end of one in this pod' : `the other end of ${pod.name}`;
    throw new KernelError('exists', `the host already has a link ${item.host.name} (${kindOf(host)}), ${what}`);
  }
  const inHost = settingLink(host.index, { ...differing(host, item.hostMtu ?? item.mtu, item.hostMac), ...UP });
  const inPod = settingLink(pod.index, { ...differing(pod, item.mtu, item.podMac), ...UP });
  return { host: [{ items: [item], requests: [inHost] }], pod: [{ items: [item], requests: [inPod] }] };
}

function otherChange(item: Exclude<NewLink, { kind: 'veth' }>, { links, places }: Tools): Steps | undefined {
  const link = links.read(item.link);
  if (link === undefined) return undefined;
  if (link.kind?.kind !== item.kind || link.alias !== LINK_ALIAS)
    throw new KernelError(
      'exists',
      `the host already has a link ${item.link.name} (${kindOf(link)}) that Berth did not make`,
    );
  if (item.kind === 'vlan' && !sameVlan(item, vlanItem(item.link, link, places.host)))
    return { host: [{ items: [item], requests: [removingLink(link.index)] }], pod: [] };
  const tunnel = item.kind === 'vxlan' ? vxlanItem(item.link, link) : undefined;
  if (item.kind === 'vxlan' && !sameTunnel(item, tunnel))
    return { host: [{ items: [item], requests: [removingLink(link.index)] }], pod: [] };
  const request = settingLink(link.index, { ...differing(link, item.mtu, item.mac), ...UP });
  return { host: [{ items: [item], requests: [request] }], pod: [] };
}

/** What of MTU and MAC differs. A MAC that is set anew, even to what it was, drops every neighbour of the link. */
function differing(link: LinkMessage, mtu: number, mac: Mac): Partial<LinkMessage> {
  return { ...(link.mtu === mtu ? {} : { mtu }), ...(link.mac === mac ? {} : { mac }) };
}

/** The kernel changes neither VNI nor port nor address of a device that stands. */
function sameVlan(item: NewLink & { kind: 'vlan' }, other: (NewLink & { kind: 'vlan' }) | undefined): boolean {
  return other !== undefined && item.id === other.id && sameLink(item.under, other.under);
}

function sameTunnel(item: NewLink & { kind: 'vxlan' }, other: NewLink | undefined): boolean {
  return other?.kind === 'vxlan' && item.vni === other.vni && item.port === other.port && item.local === other.local;
}

function kindOf(link: LinkMessage): string {
  return link.kind?.kind ?? 'a device';
}
