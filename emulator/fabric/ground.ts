import { writeFileSync } from 'node:fs';
import { type Fault, type Request, sendBatch } from '../../src/io/kernel/batch.ts';
import { LinkNumbers } from '../../src/io/kernel/link-numbers.ts';
import type { Netns } from '../../src/io/kernel/netns.ts';
import { Place } from '../../src/io/kernel/place.ts';
import { errnoName } from '../../src/wire/netlink/errno.ts';
import { FabricError } from './fabric-error.ts';
import { linkUp } from './messages.ts';

/** LOOPBACK_IFINDEX, linux/if.h. */
export const LOOPBACK = 1;

/** Netlink gives ours a port by itself. */
const ANY_PORT = 0;

/** A request and what to say when it fails. */
export interface Job {
  readonly what: string;
  readonly request: Request;
}

/** A namespace that the fabric forwards in: its routes, its settings. */
export class Ground {
  readonly netns: Netns;
  readonly place: Place;
  readonly numbers = new LinkNumbers([]);

  /** Makes it a router, and brings its loopback up. Throws FabricError. */
  constructor(netns: Netns, settings: Readonly<Record<string, number>> = {}) {
    this.netns = netns;
    this.place = Place.open(netns, ANY_PORT);
    const all = Object.entries({ ...ROUTER, ...settings });
    netns.within(() => {
      for (const [key, value] of all) writeFileSync(`/proc/sys/net/${key.replaceAll('.', '/')}`, `${value}`);
    });
    this.do([{ what: 'bring the loopback up', request: linkUp(LOOPBACK) }]);
  }

  /** Does all of it. Throws FabricError for the first that fails; the others were done all the same. */
  do(jobs: readonly Job[]): void {
    const [first] = this.try(jobs).values();
    if (first !== undefined) throw first;
  }

  /** Does all of it; what failed, by its place, and why. */
  try(jobs: readonly Job[]): ReadonlyMap<number, FabricError> {
    const { faults } = sendBatch(
      this.place,
      jobs.map(({ request }) => request),
    );
    const errorOf = (at: number, { errno, said }: Fault) => {
      const words = said === '' ? errnoName(errno) : `${errnoName(errno)}, ${said}`;
      return new FabricError('network', `cannot ${jobs[at]?.what ?? 'do it'}: ${words}`);
    };
    return new Map([...faults].map(([at, fault]) => [at, errorOf(at, fault)]));
  }

  close(): void {
    this.place.close();
    this.netns.close();
  }
}

/** Forwarding, and no opinion of its own about where packets come from: that is what rules are for. */
const ROUTER: Readonly<Record<string, number>> = {
  'ipv4.ip_forward': 1,
  'ipv4.conf.all.rp_filter': 0,
  'ipv4.conf.default.rp_filter': 0,
  'ipv4.conf.all.send_redirects': 0,
  'ipv4.conf.default.send_redirects': 0,
  'ipv6.conf.all.forwarding': 1,
  'ipv6.conf.default.accept_dad': 0,
  'ipv6.conf.default.dad_transmits': 0,
  'ipv6.conf.default.addr_gen_mode': 1, // none: link-local addresses are given
};
