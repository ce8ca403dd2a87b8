import { familyOf } from '../../base/ip.ts';
import { inPod, sameLink } from '../../core/datapath/identity.ts';
import { LINK_ALIAS } from '../../core/datapath/numbers.ts';
import type { Item, LinkRef } from '../../core/datapath/plan.ts';
import { FLAG } from '../../wire/netlink/header.ts';
import { LINK_FLAG, type LinkMessage, putLink } from '../../wire/rtnetlink/link.ts';
import { vethBytes, vlanBytes, vxlanBytes } from '../../wire/rtnetlink/link-kind.ts';
import { putSettings, type LinkSettings } from '../../wire/rtnetlink/link-settings.ts';
import { AF, RTM } from '../../wire/rtnetlink/type.ts';
import type { Request } from './batch.ts';
import { KernelError } from './kernel.ts';
import { isNewLink, isUp, type NewLink, type RouteItem } from './link-item.ts';
import type { LinkNumbers } from './link-numbers.ts';
import { linkFlags } from './libc.ts';
import type { Links } from './links.ts';
import { putLocalRule } from './local-rule.ts';
import type { Places } from './places.ts';
import { bringingUp, creating, joining, settingLink } from './requests.ts';
import { makes, type Step } from './steps.ts';
import { settingOf, writeHostSysctl, writeSetting } from './sysctl.ts';

/** What a call works with. */
export interface Tools {
  readonly places: Places;
  readonly links: Links;
  readonly numbers: LinkNumbers;
  /** Whether the kernel has IPv6 at all; without it the settings of IPv6 are left out. */
  readonly v6: boolean;
}

/** Steps by the place they are performed in. Those of the host go first: the pod's links are born there. */
export interface Steps {
  readonly host: readonly Step[];
  readonly pod: readonly Step[];
  /** The item at which planning the steps ended, because something it names is absent. */
  readonly failure?: { readonly item: Item; readonly error: KernelError };
}

type Sysctl = Item & { readonly kind: 'sysctl' };

/**
 * The steps that make items. Settings of links that are made here go with them, in one message a link and before the
 * link is up. `standing` has the steps for an item that is there already and must only be brought in line; they may be
 * a failure.
 */
export function creation(
  items: readonly RouteItem[],
  tools: Tools,
  standing: (item: RouteItem) => Steps | undefined,
): Steps {
  const steps: { host: Step[]; pod: Step[] } = { host: [], pod: [] };
  const known = new Map<RouteItem, Steps>();
  for (const item of items.filter(isNewLink)) {
    const found = standing(item);
    if (found === undefined) bear(item, tools);
    else known.set(item, found);
  }
  const early = items.filter((item): item is Sysctl => item.kind === 'sysctl' && goesWithLink(item, tools));
  for (const item of items) {
    const more = known.get(item) ?? caught(item, () => standing(item) ?? createAny(item, early, tools));
    if (more.failure !== undefined) return { ...steps, failure: more.failure };
    steps.host.push(...more.host);
    steps.pod.push(...more.pod);
  }
  return steps;
}

function caught(item: RouteItem, work: () => Steps): Steps {
  try {
    return work();
  } catch (error) {
    if (error instanceof KernelError) return { host: [], pod: [], failure: { item, error } };
    throw error;
  }
}

function createAny(item: RouteItem, early: readonly Sysctl[], tools: Tools): Steps {
  if (isNewLink(item)) return createLink(item, early, tools);
  if (item.kind === 'sysctl' && early.includes(item)) return { host: [], pod: [] };
  const steps = createOne(item, tools);
  return inPod(item) ? { host: [], pod: steps } : { host: steps, pod: [] };
}

function goesWithLink(item: Sysctl, { links }: Tools): boolean {
  return links.isBorn(item.on) && settingOf(item.key, item.value) !== undefined;
}

/** Gives the links their indexes, so that whatever is on them can be asked for in the same batch. */
function bear(item: NewLink, { links, numbers }: Tools): void {
  if (item.kind !== 'veth') return links.bear(item.link, { index: numbers.next(), mac: item.mac });
  links.bear(item.host, { index: numbers.next(), mac: item.hostMac });
  links.bear(item.pod, { index: numbers.next(), mac: item.podMac });
}

function createLink(item: NewLink, early: readonly Sysctl[], tools: Tools): Steps {
  const { links, places } = tools;
  if (item.kind === 'veth') {
    const veth: Step = { items: [item], requests: [newVeth(item, links, places.of('pod').netns.fd)], makes };
    const up: Step = { items: [item], requests: [bringingUp(links.index(item.pod))], makes };
    const alias = item.alias === '' ? {} : { alias: item.alias };
    const host = [veth, ...settingsOf(item, { index: links.index(item.host), ...alias }, on(item.host, early), tools)];
    return { host, pod: [...settingsOf(item, { index: links.index(item.pod) }, on(item.pod, early), tools), up] };
  }
  const index = links.index(item.link);
  // A bridge takes the smallest MTU of its ports unless it was told one, and it counts as told only when the MTU
  // changed by it.
  const told = settingLink(index, { alias: LINK_ALIAS, mtu: item.mtu });
  const link: Step = { items: [item], requests: [newLink({ ...item, mtu: item.mtu - 1 }, index, links), told], makes };
  return { host: [link, ...settingsOf(item, { index }, on(item.link, early), tools)], pod: [] };
}

function on(link: LinkRef, sysctls: readonly Sysctl[]): readonly Sysctl[] {
  return sysctls.filter((one) => sameLink(one.on, link));
}

/** The step that gives a new link its alias and settings at once; none when it has neither. */
function settingsOf(link: NewLink, base: LinkSettings, sysctls: readonly Sysctl[], { v6 }: Tools): readonly Step[] {
  let settings = base;
  for (const { key, value } of sysctls) {
    const { v4, addressMode } = settingOf(key, value) ?? {};
    if (v4 !== undefined) settings = { ...settings, v4: { ...settings.v4, ...v4 } };
    if (addressMode !== undefined && v6) settings = { ...settings, addressMode };
  }
  if (Object.keys(settings).length === 1) return [];
  return [{ items: sysctls.length === 0 ? [link] : sysctls, requests: [setting(settings)], makes }];
}

/**
 * One end in the host, up; the other born in the pod. One queue each: more are made and unmade again, which waits for
 * all CPUs.
 */
function newVeth(item: Item & { kind: 'veth' }, links: Links, netnsFd: number): Request {
  const queues = { transmitQueues: 1, receiveQueues: 1 };
  const header = { family: AF.UNSPEC, type: 0, flags: 0, change: 0 };
  const pod = { ...header, index: links.index(item.pod), name: item.pod.name, mtu: item.mtu, mac: item.podMac };
  const host: LinkMessage = {
    ...header,
    index: links.index(item.host),
    flags: LINK_FLAG.UP,
    change: LINK_FLAG.UP,
    name: item.host.name,
    mtu: item.hostMtu ?? item.mtu,
    mac: item.hostMac,
    ...queues,
    kind: { kind: 'veth', data: vethBytes({ ...pod, netnsFd, ...queues }) },
  };
  return { type: RTM.NEWLINK, flags: FLAG.CREATE | FLAG.EXCL, body: (writer) => putLink(writer, host) };
}

function newLink(item: Exclude<NewLink, { kind: 'veth' }>, index: number, links: Links): Request {
  const header = { family: AF.UNSPEC, type: 0, index, flags: LINK_FLAG.UP, change: LINK_FLAG.UP };
  const message = { ...header, name: item.link.name, mtu: item.mtu, mac: item.mac, ...kindOf(item, links) };
  return { type: RTM.NEWLINK, flags: FLAG.CREATE | FLAG.EXCL, body: (writer) => putLink(writer, message) };
}

function kindOf(item: Exclude<NewLink, { kind: 'veth' }>, links: Links): Pick<LinkMessage, 'kind' | 'below'> {
  switch (item.kind) {
    case 'bridge':
      return { kind: { kind: 'bridge' } };
    case 'vxlan':
      return { kind: { kind: 'vxlan', data: vxlanData(item) } };
    case 'vlan':
      return { below: links.index(item.under), kind: { kind: 'vlan', data: vlanBytes({ id: item.id }) } };
  }
}

function vxlanData({ vni, port, local }: NewLink & { kind: 'vxlan' }): Uint8Array {
  const under = familyOf(local) === 'v4' ? { local } : { local6: local };
  return vxlanBytes({ id: vni, ...under, learning: 0, port });
}

function createOne(item: Exclude<RouteItem, NewLink>, tools: Tools): readonly Step[] {
  const { places, links } = tools;
  switch (item.kind) {
    case 'up': {
      if (links.isBorn(item.on)) return []; // links are made up
      // only a look before tells whether it was down
      const { socket } = places.of(item.on.netns).channel;
      const flags = linkFlags(socket.fd, item.on.name);
      const wasUp = flags >= 0 && isUp({ flags });
      if (wasUp && item.mtu === undefined) return [];
      return [{ items: [item], requests: [bringingUp(links.index(item.on), item.mtu)], makes: () => !wasUp }];
    }
    case 'port':
      return [{ items: [item], requests: joining(item, links), makes }];
    case 'sysctl':
      return settle(item, tools).map((step) => (links.isBorn(item.on) ? { ...step, makes } : step));
    case 'host-sysctl':
      return [{ items: [item], write: () => writeHostSysctl(places.host.netns, item.key, item.value) }];
    case 'local-rule':
      return [{ items: [item], write: () => putLocalRule(places.host, item) }];
    default:
      return [{ items: [item], requests: [creating(item, links)], makes }];
  }
}

/** The step that sets a setting of a link. It had a value before, so it is never made. */
export function settle(item: Sysctl, { links, places, v6 }: Tools): readonly Step[] {
  if (!v6 && item.key.startsWith('v6.')) return [];
  const byNetlink = settingOf(item.key, item.value);
  if (byNetlink !== undefined)
    return [{ items: [item], requests: [setting({ index: links.index(item.on), ...byNetlink })] }];
  const { netns } = places.of(item.on.netns);
  return [{ items: [item], write: () => writeSetting(netns, item.on.name, item.key, item.value) }];
}

function setting(settings: LinkSettings): Request {
  return { type: RTM.SETLINK, flags: 0, body: (writer) => putSettings(writer, settings) };
}
