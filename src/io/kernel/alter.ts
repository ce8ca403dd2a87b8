import { inPod } from '../../core/datapath/identity.ts';
import { LINK_ALIAS, ROUTE_PROTOCOL } from '../../core/datapath/numbers.ts';
import { show } from '../../core/datapath/plan.ts';
import { LINK_FLAG, type LinkMessage } from '../../wire/rtnetlink/link.ts';
import { settle, type Steps, type Tools } from './create.ts';
import { routeItem, ruleItem } from './items-read.ts';
import { KernelError } from './kernel.ts';
import { endsOf, type NewLink, type RouteItem, slotOf, vxlanItem } from './link-item.ts';
import type { Links } from './links.ts';
import { readRoutes, readRules } from './readings.ts';
import { bringingUp, joining, removing, removingLink, replacing, settingLink } from './requests.ts';
import type { Step } from './steps.ts';
import { writeHostSysctl } from './sysctl.ts';

/**
 * The steps that bring in line what is there with other attributes; `shown` is how it is there. Throws KernelError, kind `exists`, when it
 * is somebody else's.
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
      return [{ items: [item], requests: [bringingUp(links.index(item.on))] }];
    case 'port':
      return [{ items: [item], requests: joining(item, links) }];
    case 'sysctl':
      return [...settle(item, tools)];
    case 'host-sysctl':
      return [{ items: [item], write: () => writeHostSysctl(places.host.netns, item.key, item.value) }];
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
 * The steps that bring a link in line; undefined when there is none and it is to be made. Throws KernelError, kind `exists`, when the name
 * is taken by a link that is not it.
 */
export function linkInLine(item: NewLink, tools: Tools): Steps | undefined {
  return item.kind === 'veth' ? vethInLine(item, tools) : otherInLine(item, tools);
}

/** The step that removes our VXLAN device when it has another VNI, port or address: the kernel changes none of them on one that stands. */
export function obsoleteTunnel(item: RouteItem, links: Links): Step | undefined {
  if (item.kind !== 'vxlan') return undefined;
  const link = links.read(item.link);
  if (link === undefined || link.kind?.kind !== 'vxlan' || link.alias !== LINK_ALIAS) return undefined;
  const { vni, port, local } = { vni: 0, port: 0, local: undefined, ...vxlanItem(item.link, link) };
  const same = item.vni === vni && item.port === port && item.local === local;
  return same ? undefined : { items: [item], requests: [removingLink(link.index)] };
}

const UP = { flags: LINK_FLAG.UP, change: LINK_FLAG.UP };

function vethInLine(item: NewLink & { kind: 'veth' }, tools: Tools): Steps | undefined {
  const { links, places } = tools;
  const { host, pod } = endsOf(item, links, places);
  if (host === undefined) {
    const taken = links.read(item.pod);
    if (taken === undefined) return undefined;
    const where = places.of('pod').netns.path;
    throw new KernelError(
      'exists',
      `the pod's namespace ${where} already has a link ${item.pod.name} (${kindOf(taken)})`,
    );
  }
  if (pod === undefined || pod.name !== item.pod.name) {
    const what = pod === undefined ? 'not the end of one in this pod' : `the other end of ${pod.name}`;
    throw new KernelError('exists', `the host already has a link ${item.host.name} (${kindOf(host)}), ${what}`);
  }
  const alias = item.alias === '' ? {} : { alias: item.alias };
  const inHost = settingLink(host.index, { mtu: item.hostMtu ?? item.mtu, mac: item.hostMac, ...alias, ...UP });
  const inPod = settingLink(pod.index, { mtu: item.mtu, mac: item.podMac, ...UP });
  return { host: [{ items: [item], requests: [inHost] }], pod: [{ items: [item], requests: [inPod] }] };
}

function otherInLine(item: Exclude<NewLink, { kind: 'veth' }>, { links }: Tools): Steps | undefined {
  const link = links.read(item.link);
  if (link === undefined) return undefined;
  if (link.kind?.kind !== item.kind || link.alias !== LINK_ALIAS)
    throw new KernelError(
      'exists',
      `the host already has a link ${item.link.name} (${kindOf(link)}) that Berth did not make`,
    );
  const request = settingLink(link.index, { mtu: item.mtu, mac: item.mac, ...UP });
  return { host: [{ items: [item], requests: [request] }], pod: [] };
}

function kindOf(link: LinkMessage): string {
  return link.kind?.kind ?? 'a device';
}
