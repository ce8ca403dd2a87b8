import type { Mac } from '../../base/mac.ts';
import { inPod, isSetting, keyOf, linksOf, linkUnder, sameLink } from '../../core/datapath/identity.ts';
import { TABLE_NAME } from '../../core/datapath/numbers.ts';
import { show, type Item, type LinkRef } from '../../core/datapath/plan.ts';
import type { Ruleset } from '../../core/datapath/ruleset.ts';
import { refusalOf, refused, type Scene, type Thing } from './fake-rules.ts';
import type { HostLink, KernelChange } from './kernel.ts';

type Veth = Item & { readonly kind: 'veth' };

/** Somebody who listens. `owner` is not told of what it does itself. */
interface Ear {
  readonly owner: object;
  readonly listener: (change: KernelChange) => void;
}

/** What bears a mark of its maker in Linux: a name or alias, or a protocol number. */
const MARKED: ReadonlySet<Item['kind']> = new Set(['veth', 'bridge', 'vxlan', 'vlan', 'route', 'unreachable', 'rule']);

/**
 * A small world with one host, its sandboxes, and what stands in them, by the rules of Linux: names are taken once,
 * things need what they stand on and vanish with it, a veth dies with either end. Every call is one instant.
 */
export class FakeWorld implements Scene {
  /** The host's links that were there before us. */
  hostLinks: readonly HostLink[];
  /** Those who are told of changes. A clone begins with none. */
  readonly ears = new Set<Ear>();
  readonly #sandboxes: Set<string>;
  readonly #things: Map<string, Thing>;
  readonly #podLinks: Map<string, Veth>; // by sandbox and name

  constructor(from?: FakeWorld) {
    this.hostLinks = from?.hostLinks ?? [];
    this.#sandboxes = new Set(from?.sandboxes());
    this.#things = new Map(from === undefined ? [] : from.#things);
    this.#podLinks = new Map(from === undefined ? [] : from.#podLinks);
  }

  /** A world like this one, from now on apart from it: the cost of copying three maps. */
  clone(): FakeWorld {
    return new FakeWorld(this);
  }

  /** The host has these links of its own now. What stands on one that is gone goes with it; who came or went. */
  setHostLinks(links: readonly HostLink[]): readonly string[] {
    const names = (all: readonly HostLink[]) => new Set(all.map(({ name, mac }) => `${name} ${mac ?? ''}`));
    const [were, are] = [names(this.hostLinks), names(links)];
    this.hostLinks = links;
    const gone = [...were].flatMap((it) => (are.has(it) ? [] : (it.split(' ')[0] ?? [])));
    for (const [key, { item }] of this.#things) {
      const under = linkUnder(item);
      if (under?.netns === 'host' && gone.includes(under.name)) this.#things.delete(key);
    }
    return [...gone, ...[...are].flatMap((it) => (were.has(it) ? [] : (it.split(' ')[0] ?? [])))];
  }

  /** All that stands, in the order in which it was made. */
  things(): readonly Thing[] {
    return [...this.#things.values()];
  }

  sandboxes(): readonly string[] {
    return [...this.#sandboxes];
  }

  hasSandbox(path: string): boolean {
    return this.#sandboxes.has(path);
  }

  addSandbox(path: string): void {
    this.#sandboxes.add(path);
  }

  /** The namespace dies, and with it every veth that has an end in it. Returns these. */
  removeSandbox(path: string): readonly Veth[] {
    const veths = [...this.#podLinks].filter(([key]) => key.startsWith(`${path} `)).map(([, veth]) => veth);
    for (const veth of veths) this.#unlink(veth, path);
    for (const [key, thing] of this.#things) if (thing.sandbox === path) this.#things.delete(key);
    this.#sandboxes.delete(path);
    return veths;
  }

  /** The machine starts again: only its own links are left. */
  reboot(): void {
    this.#sandboxes.clear();
    this.#things.clear();
    this.#podLinks.clear();
  }

  /** What stands in the place and under the key of an item. */
  find(item: Item, sandbox?: string): Thing | undefined {
    return this.#things.get(placeKey(item, sandbox));
  }

  /** Makes an item, or brings in line what is there of it. Throws KernelError where Linux would refuse. */
  make(asked: Item, sandbox: string | undefined, foreign = false): 'made' | 'altered' | 'present' {
    const item = this.#resolved(asked, sandbox);
    const there = this.find(item, sandbox);
    if (there !== undefined && show(there.item) === show(item)) return 'present';
    if (there !== undefined && !mayAlter(item, sandbox, there, foreign))
      throw refused('exists', 'EEXIST', item, `taken by ${show(there.item)}`);
    const refusal = refusalOf(this, item, sandbox, there !== undefined);
    if (refusal !== undefined) throw refusal;
    if (there !== undefined && isOtherTunnel(item, there.item)) this.#unlink(there.item, undefined);
    this.#put(item, sandbox, foreign);
    if (there === undefined) for (const on of linksOf(item)) this.#put({ kind: 'up', on }, sandbox, foreign);
    if (item.kind === 'ruleset') this.#dropElements(item.ruleset);
    return there === undefined ? 'made' : 'altered';
  }

  /**
   * Takes away what an item says, and all that stands on it. Absent, or somebody else's = nothing happens. Returns
   * whether it was there.
   */
  unmake(item: Item, sandbox: string | undefined, foreign = false): boolean {
    const there = this.find(item, sandbox);
    if (there === undefined || isSetting(item)) return false;
    if (there.foreign && !foreign && MARKED.has(item.kind)) return false;
    const [was, is] = [linkUnder(there.item), linkUnder(item)];
    if (was !== undefined && is !== undefined && !sameLink(was, is)) return false; // by now it leads elsewhere
    if (linksOf(item).length > 0) this.#unlink(there.item, there.sandbox);
    this.#things.delete(placeKey(item, sandbox));
    if (item.kind === 'ruleset') this.#dropElements(undefined);
    return true;
  }

  /** A link is up no more. */
  down(on: LinkRef, sandbox: string | undefined): void {
    this.#things.delete(placeKey({ kind: 'up', on }, sandbox));
  }

  /** What stands under an item's key becomes this item, with no question asked: for what others do. */
  put(item: Item, sandbox: string | undefined): void {
    this.#put(item, sandbox, this.find(item, sandbox)?.foreign ?? true);
  }

  /** The veth whose pod's end is this link. */
  vethOf(link: LinkRef, sandbox: string | undefined): Veth | undefined {
    return this.#podLinks.get(`${sandbox} ${link.name}`);
  }

  /** The veth, bridge or tunnel of a name on the host; the host's own links are none of these. */
  hostLink(name: string): Item | undefined {
    return this.#things.get(`link host:${name}`)?.item;
  }

  isUplink(name: string): boolean {
    return name === 'lo' || this.hostLinks.some((link) => link.name === name);
  }

  ruleset(): Ruleset | undefined {
    const item = this.#things.get(`ruleset ${TABLE_NAME}`)?.item;
    return item?.kind === 'ruleset' ? item.ruleset : undefined;
  }

  macOf(link: LinkRef, sandbox: string | undefined): Mac | undefined {
    if (link.netns === 'pod') return this.vethOf(link, sandbox)?.podMac;
    const item = this.hostLink(link.name);
    if (item?.kind === 'veth') return item.hostMac;
    return item?.kind === 'bridge' || item?.kind === 'vxlan' || item?.kind === 'vlan' ? item.mac : undefined;
  }

  #put(item: Item, sandbox: string | undefined, foreign: boolean): void {
    const home = sandbox !== undefined && (item.kind === 'veth' || inPod(item)) ? { sandbox } : {};
    if (item.kind === 'veth') {
      const before = this.hostLink(item.host.name);
      if (before?.kind === 'veth') this.#podLinks.delete(`${sandbox} ${before.pod.name}`);
      this.#podLinks.set(`${sandbox} ${item.pod.name}`, item);
    }
    this.#things.set(placeKey(item, sandbox), { item, ...home, foreign });
  }

  /** The kernel knows no "MAC of": it keeps the one of that moment. */
  #resolved(item: Item, sandbox: string | undefined): Item {
    if (item.kind !== 'neighbour' || typeof item.at === 'string') return item;
    const at = this.macOf(item.at, sandbox);
    if (at === undefined) throw refused('absent', 'ENODEV', item, `there is no link ${item.at.name}`);
    return { ...item, at };
  }

  /** A link goes, and with it what stands on it in either namespace. */
  #unlink(link: Item, sandbox: string | undefined): void {
    const ends = linksOf(link);
    for (const [key, { item, sandbox: home }] of this.#things) {
      const under = linkUnder(item);
      const gone = (end: LinkRef) =>
        under !== undefined && sameLink(under, end) && (end.netns === 'host' || home === sandbox);
      const wasPort = item.kind === 'port' && ends.some((end) => sameLink(item.bridge, end));
      if (wasPort || ends.some(gone)) this.#things.delete(key);
    }
    this.#things.delete(keyOf(link));
    if (link.kind === 'veth') this.#podLinks.delete(`${sandbox} ${link.pod.name}`);
  }

  /** Elements go with their set. */
  #dropElements(ruleset: Ruleset | undefined): void {
    const sets = new Set(ruleset?.sets.map(({ name }) => name));
    for (const [key, { item }] of this.#things)
      if (item.kind === 'element' && !sets.has(item.set)) this.#things.delete(key);
  }
}

/** Whether what is there may be brought in line: what is ours, or what nobody can mark, and still is the same thing. */
function mayAlter(item: Item, sandbox: string | undefined, there: Thing, foreign: boolean): boolean {
  if (MARKED.has(item.kind) && there.foreign !== foreign) return false;
  if (item.kind !== 'veth' || there.item.kind !== 'veth') return item.kind === there.item.kind;
  return there.item.pod.name === item.pod.name && there.sandbox === sandbox;
}

/** The kernel changes no VNI, port or end of a tunnel that stands: another is made in its place. */
function isOtherTunnel(item: Item, there: Item): boolean {
  if (item.kind !== 'vxlan' || there.kind !== 'vxlan') return false;
  return item.vni !== there.vni || item.port !== there.port || item.local !== there.local;
}

function placeKey(item: Item, sandbox: string | undefined): string {
  return inPod(item) ? `${sandbox} ${keyOf(item)}` : keyOf(item);
}
