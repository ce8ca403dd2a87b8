import { Reader } from '../../base/bytes.ts';
import { ERRNO } from '../../wire/netlink/errno.ts';
import { readMessages } from '../../wire/netlink/header.ts';
import { AF, GROUP, RTM } from '../../wire/rtnetlink/type.ts';
import { type Request, sendBatchOnThread } from './batch.ts';
import { kernelError } from './kernel-error.ts';
import { KernelError } from './kernel.ts';
import { type Watched, watchReadable } from './libc.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Netns } from './netns.ts';
import { Place } from './place.ts';
import { removingGroup, removingLink, settingLink } from './requests.ts';

/** Links deleted by one request when the lanes are full: it keeps everybody else from rtnetlink for 0.4 ms a link. */
const GROUP_LINKS = 24;
/** Device groups of ours: one a lane, far from the small numbers that people give. */
const FIRST_GROUP = 0x62746800;
const MONITOR_BYTES = 8 << 20;

interface Waiting {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: KernelError) => void;
}

/**
 * Deletes links. The kernel holds a deletion for some 20 ms until all CPUs have seen it, but tells at once, after half
 * a millisecond, that both ends, their addresses and routes are gone: that notice is waited for, while the request
 * lasts on a lane of its own. When all lanes are held, links gather and go as one group. Lanes are threads of libuv's
 * pool.
 */
export class DeleteLanes {
  readonly #netns: Netns;
  readonly #port: number;
  readonly #limit: number;
  readonly #idle: Place[] = [];
  readonly #lanes: Place[] = [];
  readonly #queue: number[] = [];
  readonly #waiting = new Map<number, Waiting & { readonly promise: Promise<void> }>();
  readonly #flying = new Set<Promise<void>>();
  readonly #monitor: NetlinkSocket;
  readonly #watched: Watched;

  /** Throws KernelError when the sockets cannot be opened. */
  constructor(options: { readonly netns: Netns; readonly port: number; readonly lanes: number }) {
    this.#netns = options.netns;
    this.#port = options.port;
    this.#limit = options.lanes;
    this.#monitor = NetlinkSocket.open({ protocol: 'route', netns: this.#netns, receiveBytes: MONITOR_BYTES });
    this.#watched = watchReadable(this.#monitor.fd, () => this.#hear());
    this.#idle.push(this.#openLane());
  }

  /**
   * Settles when the kernel shows the link no more; absent = success. Asking twice is waiting for the same. Rejects
   * with KernelError.
   */
  remove(index: number): Promise<void> {
    const before = this.#waiting.get(index);
    if (before !== undefined) return before.promise;
    if (this.#waiting.size === 0) this.#monitor.join(GROUP.LINK);
    const { promise, resolve, reject } = promised();
    this.#waiting.set(index, { index, resolve, reject, promise });
    this.#queue.push(index);
    this.#dispatch();
    return promise;
  }

  /** Waits for the requests that are on their way, then closes. */
  async close(): Promise<void> {
    await Promise.all(this.#flying);
    this.#watched.stop();
    this.#monitor.close();
    for (const lane of this.#lanes) lane.close();
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const lane = this.#idle.pop() ?? this.#open();
      if (lane === undefined) return;
      const isLast = this.#idle.length === 0 && this.#lanes.length === this.#limit;
      const links = this.#queue.splice(0, isLast ? GROUP_LINKS : 1);
      const flight = this.#fly(lane, links).finally(() => {
        this.#flying.delete(flight);
        this.#idle.push(lane);
        this.#dispatch();
      });
      this.#flying.add(flight);
    }
  }

  /** Another lane, unless there are as many as may be, or descriptors ran out: then those there are carry all. */
  #open(): Place | undefined {
    try {
      return this.#lanes.length < this.#limit ? this.#openLane() : undefined;
    } catch (error) {
      if (error instanceof KernelError) return undefined;
      throw error;
    }
  }

  #openLane(): Place {
    const lane = Place.open(this.#netns, this.#port + ((this.#lanes.length + 1) << LANE_SHIFT));
    this.#lanes.push(lane);
    return lane;
  }

  /** Sends and, when the request is through, wakes those whom the notice did not: it can be lost. */
  async #fly(lane: Place, links: readonly number[]): Promise<void> {
    const group = FIRST_GROUP + this.#lanes.indexOf(lane);
    const requests: Request[] = links.length === 1 ? [] : links.map((index) => settingLink(index, { group }));
    const [only] = links;
    requests.push(links.length === 1 && only !== undefined ? removingLink(only) : removingGroup(group));
    try {
      const { faults } = await sendBatchOnThread(lane, requests);
      const whole = faults.get(requests.length - 1);
      links.forEach((index, i) => {
        const fault = (links.length > 1 ? faults.get(i) : undefined) ?? whole;
        if (fault === undefined || fault.errno === ERRNO.ENODEV) this.#waiting.get(index)?.resolve();
        else this.#waiting.get(index)?.reject(kernelError(fault.errno, `delete link ${index}`, fault.said));
        this.#settled(index);
      });
    } catch (error) {
      const failure =
        error instanceof KernelError ? error : new KernelError('unknown', 'cannot delete', { cause: error });
      for (const index of links) {
        this.#waiting.get(index)?.reject(failure);
        this.#settled(index);
      }
    }
  }

  #settled(index: number): void {
    // while nothing is being deleted nothing is heard: every ADD would wake us else
    if (this.#waiting.delete(index) && this.#waiting.size === 0) this.#monitor.leave(GROUP.LINK);
  }

  #hear(): void {
    for (;;) {
      let datagram: Uint8Array | undefined;
      try {
        datagram = this.#monitor.receive();
      } catch (error) {
        // the request's return wakes those whose notice it was
        if (error instanceof KernelError && error.kind === 'lost') continue;
        throw error;
      }
      if (datagram === undefined) return;
      for (const { type, body } of readMessages(datagram)) {
        if (type !== RTM.DELLINK) continue;
        const reader = new Reader(body);
        if (reader.u8() !== AF.UNSPEC) continue; // a port leaves its bridge: the link is still there
        reader.skip(3);
        const index = reader.i32();
        this.#waiting.get(index)?.resolve();
        this.#settled(index);
      }
    }
  }
}

/** Ports of lanes differ from that of the other sockets by these bits. */
const LANE_SHIFT = 22;

/**
 * How many lanes a pool of threads carries, by UV_THREADPOOL_SIZE: some threads stay free for files and for addresses.
 * libuv has 4 when the variable is not set, and 1024 at most.
 */
export function laneCount(poolSize: string | undefined): number {
  const size = Math.min(Math.max(Number.parseInt(poolSize ?? '', 10) || 4, 1), 1024);
  return Math.max(1, Math.min(size - Math.max(2, Math.floor(size / 6)), 200));
}

function promised(): { promise: Promise<void>; resolve: () => void; reject: (error: KernelError) => void } {
  let [resolve, reject]: [() => void, (error: KernelError) => void] = [() => {}, () => {}];
  const promise = new Promise<void>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}
