import { type Mac, mac } from '../../base/mac.ts';
import { inPod, keyOf, linksOf, linkUnder, sameLink } from '../../core/datapath/identity.ts';
import type { Item, LinkRef, Plan } from '../../core/datapath/plan.ts';
import type { Listener } from '../../core/datapath/ports.ts';
import { changesOf } from './fake-changes.ts';
import type { Thing } from './fake-rules.ts';
import { FakeWorld } from './fake-world.ts';
import type { Ensured, HostLink, Kernel, KernelChange, Remaining } from './kernel.ts';
import { KernelError } from './kernel.ts';

/** What a kernel can be asked for, as faults and pauses see it. */
export type Verb = 'ensure' | 'remove' | 'observe' | 'inventory' | 'macOf' | 'hostLinks' | 'forgetFlows' | 'listeners';

/** Connection tracking entries that were asked to be forgotten. */
export type Flows = Parameters<Kernel['forgetFlows']>[0];

const HOST_NAMESPACE = '/proc/self/ns/net';
const UNSEEN: Mac = mac('00:00:00:00:00:00');
/** What Linux finds by our mark. The rest goes with these. */
const INVENTORY: ReadonlySet<Item['kind']> = new Set([
  'veth',
  'bridge',
  'vxlan',
  'vlan',
  'route',
  'unreachable',
  'rule',
  'ruleset',
  'element',
  'forward-accept',
]);
/**
 * A kernel in memory that means what it says: it runs through the same cases as the real one. Faults, pauses and
 * other hands can be put in.
 */
export class FakeKernel implements Kernel {
  readonly world: FakeWorld;
  /** The error with which the kernel answers instead. `item` is there for `ensure` and `remove`. */
  failOn: (item: Item | undefined, verb: Verb) => KernelError | undefined = () => undefined;
  /**
   * Awaited before every touch and before every answer: whoever never resolves it has stopped the process right
   * there. Nothing to wait for = undefined.
   */
  pause: () => Promise<void> | undefined = () => undefined;
  readonly forgotten: Flows[] = [];
  /** Sockets of the node by "tcp 80". */
  readonly listening = new Map<string, readonly Listener[]>();
  #life: 'open' | 'closed' | 'killed' = 'open';

  /** Kernels of one world are processes on one machine. */
  constructor(world: FakeWorld = new FakeWorld()) {
    this.world = world;
  }

  /** All that stands in the world, host and sandboxes, in the order in which it was made. */
  items(): Plan {
    return this.world.things().map(({ item }) => item);
  }

  async ensure(items: readonly Item[], sandbox?: string): Promise<Ensured> {
    const made: Item[] = [];
    for (const item of items) {
      await this.#touch();
      try {
        this.#fail('ensure', item);
        const done = this.world.make(item, sandbox);
        if (done === 'made') made.push(item);
        if (done !== 'present') this.#announce(changesOf(this.world, item, sandbox));
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        await this.#yield();
        return { made, failure: { item, error } };
      }
    }
    await this.#yield();
    return { made };
  }

  async remove(items: readonly Item[], sandbox?: string): Promise<readonly Remaining[]> {
    const left: Remaining[] = [];
    for (const item of items) {
      await this.#touch();
      try {
        this.#fail('remove', item);
        const changes = changesOf(this.world, item, sandbox);
        if (this.world.unmake(item, sandbox)) this.#announce(changes);
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        left.push({ item, error });
      }
    }
    await this.#yield();
    return left;
  }

  async observe(plan: Plan, sandbox?: string): Promise<Plan> {
    await this.#look('observe');
    const links = plan.flatMap((item) => [...linksOf(item), linkUnder(item) ?? []].flat());
    const keys = new Set(plan.map(keyOf));
    const shown = this.world.things().filter((thing) => {
      if (inPod(thing.item) && thing.sandbox !== sandbox) return false;
      return keys.has(keyOf(thing.item)) || isOn(thing, links);
    });
    await this.#yield();
    return shown.map(({ item }) => item);
  }

  async inventory(): Promise<Plan> {
    await this.#look('inventory');
    const ours = this.world
      .things()
      .filter(({ item, foreign }) => !foreign && INVENTORY.has(item.kind) && !inPod(item));
    await this.#yield();
    return ours.map(({ item }) =>
      item.kind === 'veth' ? { ...item, pod: { netns: 'pod', name: '' }, podMac: UNSEEN } : item,
    );
  }

  async macOf(link: LinkRef, sandbox?: string): Promise<Mac | undefined> {
    await this.#look('macOf');
    const found = this.world.macOf(link, sandbox);
    await this.#yield();
    return found;
  }

  async hostLinks(): Promise<readonly HostLink[]> {
    await this.#look('hostLinks');
    const found = this.world.hostLinks;
    await this.#yield();
    return found;
  }

  namespaceAt(path: string): 'host' | 'other' | 'none' {
    if (path === HOST_NAMESPACE) return 'host';
    return this.world.hasSandbox(path) ? 'other' : 'none';
  }

  sandboxExists(path: string): boolean {
    return this.namespaceAt(path) !== 'none';
  }

  async forgetFlows(flows: Flows): Promise<void> {
    await this.#look('forgetFlows');
    this.forgotten.push(flows);
  }

  async refresh(): Promise<void> {
    await this.#touch();
  }

  async listeners({ protocol, hostPort }: Parameters<Kernel['listeners']>[0]): Promise<readonly Listener[]> {
    await this.#look('listeners');
    return this.listening.get(`${protocol} ${hostPort}`) ?? [];
  }

  watch(listener: (change: KernelChange) => void): () => void {
    const ear = { owner: this, listener };
    this.world.ears.add(ear);
    return () => this.world.ears.delete(ear);
  }

  hearsPods(): boolean {
    return true;
  }

  async close(): Promise<void> {
    await this.#yield();
    this.#end('closed');
  }

  /**
   * The process that holds this kernel is gone: it hears nothing any more, and whatever it waits for never comes. The
   * world stays.
   */
  kill(): void {
    this.#end('killed');
  }

  /** Somebody deletes a thing, whoever made it. Everybody who watches hears of it, where Linux tells. */
  deleteFromOutside(item: Item, sandbox?: string): void {
    const changes = changesOf(this.world, item, sandbox);
    if (this.world.unmake(item, sandbox, true)) this.#announce(changes, true);
  }

  /** Somebody takes a link down. Routes stay, unlike Linux's. */
  downFromOutside(on: LinkRef, sandbox?: string): void {
    this.world.down(on, sandbox);
    this.#announce(changesOf(this.world, { kind: 'up', on }, sandbox), true);
  }

  /** Somebody makes this thing, or changes what stands under its key into it. What is new so is foreign. */
  putFromOutside(item: Item, sandbox?: string): void {
    this.world.put(item, sandbox);
    this.#announce(changesOf(this.world, item, sandbox), true);
  }

  /** The machine's own links are these now: NICs were attached or detached. */
  setHostLinks(links: readonly HostLink[]): void {
    const changed = this.world.setHostLinks(links);
    this.#announce(
      changed.map((link) => ({ kind: 'host', what: 'link', link })),
      true,
    );
  }

  /** Notifications were lost. */
  overflow(): void {
    this.#announce([{ kind: 'overflow' }], true);
  }

  /** A sandbox dies, as when its last process ends. */
  dropSandbox(path: string): void {
    const veths = this.world.removeSandbox(path);
    this.#announce(
      veths.map(({ host }) => ({ kind: 'host', what: 'link', link: host.name })),
      true,
    );
  }

  #end(life: 'closed' | 'killed'): void {
    this.#life = life;
    for (const ear of this.world.ears) if (ear.owner === this) this.world.ears.delete(ear);
  }

  /** Where a process can be stopped. */
  #yield(): Promise<void> | undefined {
    const pause = this.#life === 'killed' ? undefined : this.pause();
    if (this.#life === 'killed') return new Promise<never>(() => {});
    return pause?.then(() => (this.#life === 'killed' ? new Promise<never>(() => {}) : undefined));
  }

  #touch(): Promise<void> | undefined {
    if (this.#life === 'closed') throw new Error('fake kernel: used after close');
    return this.#yield();
  }

  async #look(verb: Verb): Promise<void> {
    await this.#touch();
    this.#fail(verb, undefined);
  }

  #fail(verb: Verb, item: Item | undefined): void {
    const fault = this.failOn(item, verb);
    if (fault !== undefined) throw fault;
  }

  #announce(changes: readonly KernelChange[], toAll = false): void {
    const ears = [...this.world.ears].filter(({ owner }) => toAll || owner !== this);
    for (const change of changes) for (const { listener } of ears) listener(change);
  }
}

function isOn({ item }: Thing, links: readonly LinkRef[]): boolean {
  const on = linkUnder(item);
  return on !== undefined && links.some((link) => sameLink(link, on));
}
