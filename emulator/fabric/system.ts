import { interfaceAddress } from '../../src/base/ip.ts';
import { sendBatch, type Request } from '../../src/io/kernel/batch.ts';
import { Place } from '../../src/io/kernel/place.ts';
import { readLink } from '../../src/io/kernel/readings.ts';
import { errnoName } from '../../src/wire/netlink/errno.ts';
import { FabricError } from './fabric-error.ts';
import { LOOPBACK } from './ground.ts';
import type { Machine } from './machine.ts';
import { addressOn, linkUp, routeTo } from './messages.ts';
import { DEFAULTS, MAIN_TABLE, ROUTER_V6 } from './numbers.ts';
import type { PieceOf } from './piece.ts';

/** What the system of an instance does at its start: the loopback is up. */
export function wake(machine: Machine): void {
  inside(machine, (place) => configure(place, [linkUp(LOOPBACK)]));
}

/**
 * What it does when its primary NIC appears: address and default route by DHCP, the same for IPv6. Once: later changes
 * of addresses are nobody's business but a CNI's.
 */
export function boot(machine: Machine, { name, address, router, address6 }: PieceOf<'boot'>): void {
  inside(machine, (place) => {
    const link = readLink(place, name);
    if (link === undefined) throw new FabricError('machine', `there is no ${name} in the machine`);
    const { index } = link;
    const v6 =
      address6 === undefined
        ? []
        : [
            addressOn(index, interfaceAddress(`${address6}/128`)),
            routeTo({ to: DEFAULTS.v6, index, table: MAIN_TABLE, via: ROUTER_V6 }),
          ];
    configure(place, [
      linkUp(index),
      addressOn(index, address),
      routeTo({ to: DEFAULTS.v4, index, table: MAIN_TABLE, via: router }),
      ...v6,
    ]);
  });
}

function configure(place: Place, requests: readonly Request[]): void {
  const [fault] = sendBatch(place, requests).faults;
  if (fault === undefined) return;
  const [at, { errno, said }] = fault;
  throw new FabricError('machine', `a machine's own network, step ${at}: ${errnoName(errno)} ${said}`);
}

function inside(machine: Machine, work: (place: Place) => void): void {
  const place = Place.open(machine.netns, 0);
  try {
    work(place);
  } finally {
    place.close();
  }
}
