import { randomInt } from 'node:crypto';
import { existsSync, fstatSync, statSync } from 'node:fs';
import type { Mac } from '../../base/mac.ts';
import type { Item, LinkRef, Plan } from '../../core/datapath/plan.ts';
import type { Listener } from '../../core/datapath/ports.ts';
import { DeleteLanes, laneCount } from './delete-lanes.ts';
import { type Bench, ensure } from './ensure.ts';
import { hostLinks } from './host-links.ts';
import { inventory } from './inventory.ts';
import { type Ensured, type HostLink, type Kernel, type KernelChange, KernelError, type Remaining } from './kernel.ts';
import type { RouteItem } from './link-item.ts';
import { LinkNumbers } from './link-numbers.ts';
import { listeners } from './listeners.ts';
import { Netns } from './netns.ts';
import { isNftItem, type NftDoor, type NftItem } from './nft-door.ts';
import { observe } from './observe.ts';
import { Place } from './place.ts';
import { Places } from './places.ts';
import { readLink, readLinks } from './readings.ts';
import { needsRemoval, type Removal, removeObjects } from './remove.ts';
import { openSysctls } from './sysctl.ts';
import { Watch } from './watch.ts';

export interface LinuxKernelOptions {
  /** The namespace that is the host's, by path. Without it: that of the calling thread. */
  readonly netns?: string;
  /** Opens nftables in that namespace. */
  readonly nft: (netns: Netns) => NftDoor;
  /** Threads of libuv's pool, as UV_THREADPOOL_SIZE has it: the delete lanes are sized by it. */
  readonly poolSize?: string;
}

/** Ports of our sockets: this bit, eight bits for the lane, and 22 bits by which one LinuxKernel knows its own. */
const PORT = 1 << 30;
const OWN_PORT = 0x3fffff;

/**
 * The real kernel, through rtnetlink, nfnetlink and /proc/sys. All but deleting links is synchronous: no other call
 * comes between.
 */
export class LinuxKernel implements Kernel {
  readonly #netns: Netns;
  readonly #file: { readonly dev: number; readonly ino: number };
  readonly #host: Place;
  readonly #nft: NftDoor;
  readonly #lanes: DeleteLanes;
  readonly #port: number;
  readonly #bench: Bench;
  readonly #watches = new Set<Watch>();

  private constructor(netns: Netns, options: LinuxKernelOptions) {
    this.#netns = netns;
    this.#file = fstatSync(netns.fd);
    this.#port = PORT | randomInt(1, OWN_PORT);
    this.#host = Place.open(netns, this.#port);
    const lanes = laneCount(options.poolSize ?? process.env['UV_THREADPOOL_SIZE']);
    this.#lanes = new DeleteLanes({ netns, port: this.#port, lanes });
    this.#bench = {
      numbers: new LinkNumbers(readLinks(this.#host).map(({ index }) => index)),
      v6: existsSync('/proc/sys/net/ipv6'),
    };
    this.#nft = options.nft(netns);
  }

  /**
   * Opens the namespace and keeps it. Throws KernelError, kind `denied` without CAP_SYS_ADMIN and CAP_NET_ADMIN over
   * it.
   */
  static open(options: LinuxKernelOptions): LinuxKernel {
    openSysctls();
    const netns = Netns.open(options.netns);
    try {
      return new LinuxKernel(netns, options);
    } catch (error) {
      netns.close();
      throw error;
    }
  }

  async ensure(items: readonly Item[], sandbox?: string): Promise<Ensured> {
    const made: Item[] = [];
    for (const run of runs(items)) {
      const fresh = made.some(({ kind }) => kind === 'veth'); // of a pod that this call makes nothing is there yet
      const done = run.nft ? this.#nft.ensure(run.items, fresh) : this.#ensureRoutes(run.items, sandbox);
      made.push(...done.made);
      if (done.failure !== undefined) return { made, failure: done.failure };
    }
    return { made };
  }

  #ensureRoutes(items: readonly RouteItem[], sandbox: string | undefined): Ensured {
    const veths = items.filter((item) => item.kind === 'veth');
    const work = () => this.#within(sandbox, (places) => ensureOrFail(places, items, this.#bench));
    if (veths.length === 0) return work();
    const done = [...this.#watches].reduce<() => Ensured>((inner, watch) => () => watch.undisturbed(inner), work)();
    for (const { host } of veths) for (const watch of this.#watches) watch.expectChange(host.name);
    return done;
  }

  async remove(items: readonly Item[], sandbox?: string): Promise<readonly Remaining[]> {
    const needed = items.filter((item) => needsRemoval(item, items));
    const remaining: Remaining[] = [];
    const deletions: Promise<Remaining | undefined>[] = [];
    for (const run of runs(needed)) {
      if (run.nft) {
        remaining.push(...this.#nft.remove(run.items));
        continue;
      }
      const removal = this.#within(sandbox, (places) => removeOrLeave(places, run.items));
      remaining.push(...removal.remaining);
      deletions.push(...removal.links.map(({ item, index }) => this.#removeLink(item, index)));
    }
    const left = await Promise.all(deletions);
    return [...remaining, ...left.filter((one) => one !== undefined)];
  }

  async #removeLink(item: Item, index: number): Promise<Remaining | undefined> {
    const expectGone = (gone: boolean) => {
      if (item.kind === 'veth') for (const watch of this.#watches) watch.expectGone(item.host.name, gone);
    };
    expectGone(false);
    try {
      await this.#lanes.remove(index);
      return undefined;
    } catch (error) {
      if (error instanceof KernelError) return { item, error };
      throw error;
    } finally {
      expectGone(true);
    }
  }

  async observe(plan: Plan, sandbox?: string): Promise<Plan> {
    const routes = plan.filter((item): item is RouteItem => !isNftItem(item));
    const elements = plan.filter(isNftItem);
    const shown = this.#within(sandbox, (places) => observe(places, routes));
    return [...shown, ...(elements.length === 0 ? [] : this.#nft.observe(elements))];
  }

  async inventory(): Promise<Plan> {
    return [...inventory(this.#host), ...this.#nft.inventory()];
  }

  async macOf(link: LinkRef, sandbox?: string): Promise<Mac | undefined> {
    return this.#within(sandbox, (places) => {
      const place = places[link.netns];
      return place === undefined ? undefined : readLink(place, link.name)?.mac;
    });
  }

  async hostLinks(): Promise<readonly HostLink[]> {
    return hostLinks(this.#host);
  }

  namespaceAt(path: string): 'host' | 'other' | 'none' {
    const found = fileOf(path);
    if (found?.dev !== this.#file.dev) return 'none';
    return found.ino === this.#file.ino ? 'host' : 'other';
  }

  sandboxExists(path: string): boolean {
    return this.namespaceAt(path) !== 'none';
  }

  async forgetFlows(flows: Parameters<Kernel['forgetFlows']>[0]): Promise<void> {
    await this.#nft.forgetFlows(flows);
  }

  async refresh(plan: Plan): Promise<void> {
    await this.#nft.refresh(plan.filter(isNftItem));
  }

  async listeners(port: Parameters<Kernel['listeners']>[0]): Promise<readonly Listener[]> {
    return listeners(port, this.#netns);
  }

  watch(listener: (change: KernelChange) => void): () => void {
    const isOwnPort = (port: number) => (port & (PORT | OWN_PORT)) === this.#port;
    const watch = new Watch({ host: this.#host, isOwnPort, listener });
    this.#watches.add(watch);
    const unwatchNft = this.#nft.watch(listener);
    return () => {
      if (!this.#watches.delete(watch)) return;
      watch.close();
      unwatchNft();
    };
  }

  hearsPods(): boolean {
    return [...this.#watches].every((watch) => watch.everywhere);
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
    await this.#lanes.close();
    this.#nft.close();
    this.#host.close();
    this.#netns.close();
  }

  #within<T>(sandbox: string | undefined, work: (places: Places) => T): T {
    const places = new Places(this.#host, sandbox, this.#port);
    try {
      return work(places);
    } finally {
      places.close();
    }
  }
}

/** A look that fails before anything was done is a failure of the first item. */
function ensureOrFail(places: Places, items: readonly RouteItem[], bench: Bench): Ensured {
  try {
    return ensure(places, items, bench);
  } catch (error) {
    const [item] = items;
    if (error instanceof KernelError && item !== undefined) return { made: [], failure: { item, error } };
    throw error;
  }
}

/** A look that fails leaves everything where it is. */
function removeOrLeave(places: Places, items: readonly RouteItem[]): Removal {
  try {
    return removeObjects(places, items);
  } catch (error) {
    if (error instanceof KernelError) return { remaining: items.map((item) => ({ item, error })), links: [] };
    throw error;
  }
}

type Run =
  | { readonly nft: true; readonly items: readonly NftItem[] }
  | { readonly nft: false; readonly items: readonly RouteItem[] };

/** Neighbouring items of one world, in the order given. */
function runs(items: readonly Item[]): readonly Run[] {
  const all: ({ nft: true; items: NftItem[] } | { nft: false; items: RouteItem[] })[] = [];
  for (const item of items) {
    const last = all.at(-1);
    if (isNftItem(item)) {
      if (last?.nft === true) last.items.push(item);
      else all.push({ nft: true, items: [item] });
    } else if (last?.nft === false) last.items.push(item);
    else all.push({ nft: false, items: [item] });
  }
  return all;
}

/** Device and inode of what a path names: network namespaces are files of one device, nsfs. */
function fileOf(path: string): { readonly dev: number; readonly ino: number } | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // it cannot be reached: whoever needs it says why
  }
}
