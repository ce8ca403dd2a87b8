import { HOST_LINK_PREFIX, LINK_ALIAS, MAIN_TABLE } from '../../core/datapath/numbers.ts';
import { LINK_FLAG } from '../../wire/rtnetlink/link.ts';
import { ROUTE_TYPE, SCOPE, tableOf } from '../../wire/rtnetlink/route.ts';
import { AF } from '../../wire/rtnetlink/type.ts';
import type { HostLink } from './kernel.ts';
import { addressItem } from './items-read.ts';
import { isUp } from './link-item.ts';
import type { Place } from './place.ts';
import { readAddresses, readLinks, readRoutes } from './readings.ts';
import { settingIn } from './sysctl.ts';

/** The links of the host that could be an uplink: not the loopback, not pods', not Berth's own. Throws KernelError. */
export function hostLinks(host: Place): readonly HostLink[] {
  const addresses = readAddresses(host).filter(({ scope }) => scope === SCOPE.UNIVERSE);
  const defaults = readRoutes(host).filter(
    (route) => route.length === 0 && tableOf(route) === MAIN_TABLE && route.type === ROUTE_TYPE.UNICAST,
  );
  return readLinks(host).flatMap((link) => {
    const { name = '', index, flags } = link;
    const ours = name.startsWith(HOST_LINK_PREFIX) || link.alias === LINK_ALIAS;
    if (ours || (flags & LINK_FLAG.LOOPBACK) !== 0) return [];
    const acceptRa = settingIn(link, 'v6.accept_ra');
    const on = { netns: 'host', name } as const;
    const through = defaults.filter(({ outIndex }) => outIndex === index);
    return [
      {
        name,
        ...(link.mac === undefined ? {} : { mac: link.mac }),
        mtuBytes: link.mtu ?? 0,
        up: isUp(link),
        addresses: addresses.filter((one) => one.index === index).flatMap((one) => addressItem(on, one)?.address ?? []),
        defaultRoute: (['v4', 'v6'] as const).filter((family) =>
          through.some((route) => route.family === (family === 'v4' ? AF.INET : AF.INET6)),
        ),
        ...(acceptRa === undefined ? {} : { acceptRa }),
      },
    ];
  });
}
