import { contains, type Prefix, addressIn } from '../../base/ip.ts';
import { linksOf, linkUnder, sameLink } from '../../core/datapath/identity.ts';
import { ROUTE_PROTOCOL } from '../../core/datapath/numbers.ts';
import { type Item, type LinkRef, show } from '../../core/datapath/plan.ts';
import type { LinkMessage } from '../../wire/rtnetlink/link.ts';
import { takeBridgePort } from '../../wire/rtnetlink/link-kind.ts';
import { takeTbf } from '../../wire/rtnetlink/qdisc.ts';
import type { RouteMessage } from '../../wire/rtnetlink/route.ts';
import { addressItem, forwardingItem, neighbourItem, routeItem, ruleItem, unreachableItem } from './items-read.ts';
import { isNewLink, isUp, linkShown, upShown, type RouteItem, slotOf } from './link-item.ts';
import { Links } from './links.ts';
import { localRule } from './local-rule.ts';
import type { Places } from './places.ts';
import type { Place } from './place.ts';
import {
  readAddresses,
  readForwarding,
  readLink,
  readNeighbours,
  readRootQdisc,
  readRoutes,
  readRules,
} from './readings.ts';
import { readHostSysctl, settingIn } from './sysctl.ts';
import { tbfShown } from './token-bucket.ts';

const LINK_LOCAL = 'fe80::/10' as Prefix;

/**
 * What the kernel shows where a plan speaks: the links it makes and all on them; of other links, rules and settings
 * what has the slot of a planned item, or bears our mark. In the order of the plan, the rest behind. Throws
 * KernelError.
 */
export function observe(places: Places, plan: readonly RouteItem[], links = new Links(places)): readonly RouteItem[] {
  return new Observation(places, plan, links).all();
}

class Observation {
  readonly #places: Places;
  readonly #plan: readonly RouteItem[];
  readonly #links: Links;
  readonly #planned: ReadonlyMap<string, { readonly item: RouteItem; readonly place: number }>;
  readonly #made: readonly LinkRef[];
  readonly #shown = new Map<string, RouteItem>();

  constructor(places: Places, plan: readonly RouteItem[], links: Links) {
    this.#places = places;
    this.#plan = plan;
    this.#links = links;
    this.#planned = new Map(plan.map((item, place) => [slotOf(item), { item, place }]));
    this.#made = plan.flatMap(linksOf);
  }

  all(): readonly RouteItem[] {
    for (const item of this.#plan) if (isNewLink(item)) this.#show(linkShown(item, this.#links, this.#places));
    for (const ref of this.#named()) {
      const link = this.#links.read(ref);
      const place = ref.netns === 'host' ? this.#places.host : this.#places.pod;
      if (link !== undefined && place !== undefined) this.#onLink(place, ref, link);
    }
    this.#routes();
    this.#rules();
    for (const item of this.#plan) {
      if (item.kind === 'host-sysctl') this.#hostSysctl(item);
      if (item.kind === 'local-rule') this.#show(localRule(this.#places.host, item.family));
    }
    const rank = (item: RouteItem) => this.#planned.get(slotOf(item))?.place ?? this.#plan.length;
    return [...this.#shown.values()].sort((a, b) => rank(a) - rank(b));
  }

  /** The links that the plan makes or speaks of, once each. */
  #named(): readonly LinkRef[] {
    const all = [...this.#made, ...this.#plan.flatMap((item) => linkUnder(item) ?? [])];
    return all.filter((ref, i) => all.findIndex((other) => sameLink(ref, other)) === i);
  }

  /** Whether items of a kind on a link are to be looked at. */
  #wants(ref: LinkRef, kind: Item['kind']): boolean {
    return this.#isMade(ref) || this.#plan.some((item) => item.kind === kind && 'on' in item && sameLink(item.on, ref));
  }

  #isMade(ref: LinkRef): boolean {
    return this.#made.some((one) => sameLink(one, ref));
  }

  /** Takes an item in, when it is on a link the plan makes, or in the slot of a planned item, or ours. */
  #show(item: RouteItem | undefined, ours = false): void {
    if (item === undefined) return;
    const slot = slotOf(item);
    const on = linkUnder(item);
    const before = this.#shown.get(slot);
    const planned = this.#planned.get(slot);
    // of two things in one slot (IPv6 routes may stand side by side) the planned one is the one looked for
    if (before !== undefined && planned !== undefined && show(before) === show(planned.item)) return;
    if (ours || planned !== undefined || (on !== undefined && this.#isMade(on))) this.#shown.set(slot, item);
  }

  #onLink(place: Place, on: LinkRef, link: LinkMessage): void {
    const { index } = link;
    if (this.#wants(on, 'address'))
      for (const message of readAddresses(place, index)) {
        const item = addressItem(on, message);
        const byItself = item !== undefined && contains(LINK_LOCAL, addressIn(item.address));
        if (item !== undefined && (!byItself || this.#planned.has(slotOf(item)))) this.#show(item);
      }
    if (this.#wants(on, 'neighbour'))
      for (const message of readNeighbours(place, index)) this.#show(neighbourItem(on, message));
    if (link.kind?.kind === 'vxlan' && this.#wants(on, 'fdb'))
      for (const message of readForwarding(place, index)) this.#show(forwardingItem(on, message));
    if (link.qdisc === 'tbf' && this.#wants(on, 'tbf')) this.#tbf(place, on, index);
    if (link.master !== undefined && this.#wants(on, 'port')) this.#port(place, on, link);
    for (const item of this.#plan) {
      if (item.kind === 'up' && sameLink(item.on, on) && isUp(link)) this.#show(upShown(item, link));
      if (item.kind === 'sysctl' && sameLink(item.on, on)) this.#sysctl(item, link);
    }
  }

  #tbf(place: Place, on: LinkRef, index: number): void {
    const tbf = readRootQdisc(place, index);
    const planned = this.#plan.find((item) => item.kind === 'tbf' && sameLink(item.on, on));
    if (tbf?.kind !== 'tbf' || tbf.options === undefined) return;
    this.#show(tbfShown(on, takeTbf(tbf.options), planned?.kind === 'tbf' ? planned : undefined));
  }

  #port(place: Place, on: LinkRef, link: LinkMessage): void {
    const bridge = readLink(place, link.master ?? 0);
    const data = link.kind?.portKind === 'bridge' ? link.kind.portData : undefined;
    if (bridge?.name === undefined || data === undefined) return;
    const hairpin = takeBridgePort(data).hairpin === 1;
    this.#show({ kind: 'port', on, bridge: { netns: on.netns, name: bridge.name }, hairpin });
  }

  /** A setting of a family that the link does not have is as good as set: there is nothing it could spoil. */
  #sysctl(item: Item & { kind: 'sysctl' }, link: LinkMessage): void {
    const noV6 = item.key.startsWith('v6.') && link.spec?.inet6 === undefined;
    const value = noV6 ? item.value : settingIn(link, item.key);
    if (value !== undefined) this.#show({ ...item, value });
  }

  #hostSysctl(item: Item & { kind: 'host-sysctl' }): void {
    const value = readHostSysctl(this.#places.host.netns, item.key);
    if (value !== undefined) this.#show({ ...item, value });
  }

  /**
   * Routes are asked for by link where the plan makes the links, and all at once where it does not or one was not
   * found.
   */
  #routes(): void {
    const { host, pod } = this.#places;
    const missing = () =>
      this.#plan.some((item) => (item.kind === 'unreachable' || isHostRoute(item)) && !this.#shown.has(slotOf(item)));
    for (const ref of this.#made) {
      const link = ref.netns === 'host' ? this.#links.read(ref) : undefined;
      if (link !== undefined) this.#takeRoutes(host, 'host', readRoutes(host, link.index));
    }
    if (missing()) this.#takeRoutes(host, 'host', readRoutes(host));
    if (pod !== undefined) this.#takeRoutes(pod, 'pod', readRoutes(pod));
  }

  #takeRoutes(place: Place, netns: LinkRef['netns'], messages: readonly RouteMessage[]): void {
    const refs = new Map<number, LinkRef>();
    for (const ref of this.#named()) {
      const link = ref.netns === netns ? this.#links.read(ref) : undefined;
      if (link !== undefined) refs.set(link.index, ref);
    }
    for (const message of messages) {
      if (netns === 'host') this.#show(unreachableItem(message));
      const known = refs.get(message.outIndex ?? 0);
      const item = routeItem(known ?? { netns, name: '' }, message);
      if (item === undefined) continue;
      const ours = message.protocol === ROUTE_PROTOCOL && known !== undefined;
      if (known !== undefined) this.#show(item, ours);
      else if (this.#planned.has(slotOf(item)) && message.outIndex !== undefined)
        this.#show({ ...item, on: { netns, name: readLink(place, message.outIndex)?.name ?? '' } });
    }
  }

  #rules(): void {
    const asked = (netns: LinkRef['netns']) =>
      this.#plan.some((item) => item.kind === 'rule' && (item.netns ?? 'host') === netns);
    for (const netns of ['host', 'pod'] as const) {
      const place = this.#places[netns];
      if (place === undefined || !asked(netns)) continue;
      for (const message of readRules(place)) this.#show(ruleItem(netns, message), message.protocol === ROUTE_PROTOCOL);
    }
  }
}

function isHostRoute(item: RouteItem): boolean {
  return item.kind === 'route' && item.on.netns === 'host';
}
