import { HOST_LINK_PREFIX } from '../../core/datapath/numbers.ts';
import { DecodeError } from '../../base/bytes.ts';
import { readMessages } from '../../wire/netlink/header.ts';
import { type Notice, noticeOf } from '../../wire/rtnetlink/notice.ts';
import { GROUP } from '../../wire/rtnetlink/type.ts';
import { type KernelChange, KernelError } from './kernel.ts';
import { watchReadable } from './libc.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Place } from './place.ts';
import { readLinks } from './readings.ts';
import { TaggedReceiver } from './tagged-receive.ts';

const RECEIVE_BYTES = 8 << 20;
/** Our own doing is told within this time; what appears on a link then is taken for it. What goes is not. */
const QUIET_MS = 60;

export interface WatchOptions {
  readonly host: Place;
  /** Whether a port is that of one of our sockets. */
  readonly isOwnPort: (port: number) => boolean;
  readonly listener: (change: KernelChange) => void;
}

/**
 * Hears of changes in the host's namespace and in the pods' that have a link to it. Our own changes are left out:
 * where the kernel tells who made one by that, else by `expect`. What is left out wrongly, the regular comparison
 * finds.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #socket: NetlinkSocket;
  readonly #receiver: TaggedReceiver;
  readonly #watched: { stop(): void };
  readonly #nameOf = new Map<number, string>();
  /** Number of a pod's namespace → the host ends that lead to it. */
  readonly #pods = new Map<number, Set<string>>();
  readonly #quiet = new Map<string, { readonly until: number; readonly going: boolean }>();
  /** Whether the pods' namespaces are heard: that needs CAP_NET_BROADCAST over the host's. */
  readonly everywhere: boolean;

  /** Throws KernelError when the socket cannot be opened. */
  constructor(options: WatchOptions) {
    this.#options = options;
    this.#socket = NetlinkSocket.open({
      protocol: 'route',
      netns: options.host.netns,
      groups: Object.values(GROUP),
      receiveBytes: RECEIVE_BYTES,
    });
    this.everywhere = this.#socket.listenEverywhere(true);
    this.#receiver = new TaggedReceiver(this.#socket);
    this.#learn();
    this.#watched = watchReadable(this.#socket.fd, () => this.#drain());
  }

  /**
   * Does `work`, which makes a pod, without hearing what happens in pods' namespaces meanwhile: for each notice from
   * one the kernel searches all of them, and a pod that is made gives two dozen. What somebody else changes in a pod
   * in that half millisecond, the comparison finds.
   */
  undisturbed<T>(work: () => T): T {
    if (!this.everywhere) return work();
    this.#socket.listenEverywhere(false);
    try {
      return work();
    } finally {
      this.#socket.listenEverywhere(true);
    }
  }

  /** We have changed things on a host end and beyond it: what appears there in the next moment is our doing. */
  expectChange(hostLink: string): void {
    this.#quiet.set(hostLink, { until: performance.now() + QUIET_MS, going: false });
  }

  /**
   * We are removing a host end: nothing more of it is told until a moment after `expectGone` was called with `gone`.
   */
  expectGone(hostLink: string, gone: boolean): void {
    this.#quiet.set(hostLink, { until: gone ? performance.now() + QUIET_MS : Number.POSITIVE_INFINITY, going: true });
  }

  close(): void {
    this.#watched.stop();
    this.#socket.close();
  }

  /** What links there are already. Notices of later ones are waiting. */
  #learn(): void {
    this.#nameOf.clear();
    this.#pods.clear();
    for (const { index, name, belowNetns } of readLinks(this.#options.host))
      this.#know({
        what: 'link',
        gone: false,
        port: 0,
        index,
        ...(name === undefined ? {} : { name }),
        ...(belowNetns === undefined ? {} : { belowNetns }),
      });
  }

  /** Takes all that waits, and tells each change once. */
  #drain(): void {
    const changes = new Map<string, KernelChange>();
    for (;;) {
      try {
        const tagged = this.#receiver.receive();
        if (tagged === undefined) break;
        for (const message of readMessages(tagged.datagram)) {
          const notice = noticeOf(message);
          if (notice === undefined || this.#options.isOwnPort(notice.port)) continue;
          for (const change of this.#changesOf(notice, tagged.netns)) changes.set(JSON.stringify(change), change);
        }
      } catch (error) {
        if (!(error instanceof KernelError || error instanceof DecodeError)) throw error;
        changes.set('overflow', { kind: 'overflow' });
        this.#learn();
      }
    }
    this.#forgetQuiet();
    for (const change of changes.values()) this.#options.listener(change);
  }

  #changesOf(notice: Notice, netns: number | undefined): readonly KernelChange[] {
    const { what, gone, index } = notice;
    if (netns !== undefined) {
      const seen = what === 'rule' ? 'route' : what;
      return [...(this.#pods.get(netns) ?? [])]
        .filter((hostLink) => !this.#isQuiet(hostLink, gone))
        .map((hostLink) => ({ kind: 'pod', what: seen, hostLink }));
    }
    const link = notice.name ?? this.#nameOf.get(index);
    if (what === 'link') this.#know(notice);
    else if (index > 0 && link === undefined) return []; // settings are told before the link they are of
    if (link !== undefined && this.#isQuiet(link, gone)) return [];
    return [{ kind: 'host', what, ...(link === undefined ? {} : { link }) }];
  }

  #know({ index, name, gone, belowNetns }: Notice): void {
    const before = this.#nameOf.get(index);
    if (before !== undefined && (gone || before !== name))
      for (const links of this.#pods.values()) links.delete(before);
    if (gone || name === undefined) this.#nameOf.delete(index);
    else this.#nameOf.set(index, name);
    if (gone || belowNetns === undefined || !name?.startsWith(HOST_LINK_PREFIX)) return;
    const links = this.#pods.get(belowNetns) ?? new Set();
    this.#pods.set(belowNetns, links.add(name));
  }

  #isQuiet(link: string, gone: boolean): boolean {
    const quiet = this.#quiet.get(link);
    return quiet !== undefined && quiet.until > performance.now() && (quiet.going || !gone);
  }

  #forgetQuiet(): void {
    const now = performance.now();
    for (const [link, { until }] of this.#quiet) if (until <= now) this.#quiet.delete(link);
  }
}
