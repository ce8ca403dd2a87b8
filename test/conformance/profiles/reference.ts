import type { PluginConf } from '../libcni/network-list.ts';
import type { NetworkWish, Profile } from './profile.ts';

/** The reference bridge or ptp plugin, with host-local for its addresses and portmap and bandwidth behind it. */
export function referenceProfile(type: 'bridge' | 'ptp', directory: string, folder: string): Profile {
  return {
    plugin: type,
    type,
    directories: [directory],
    env: {},
    network: (wish) => [main(type, wish, folder), ...behind(wish)],
  };
}

/** host-local alone, called as a delegate is. */
export function hostLocalProfile(directory: string, folder: string): Profile {
  const network = (wish: NetworkWish) => {
    if (wish.capability !== undefined) return { notApplicable: 'it only gives addresses' };
    return [{ type: 'host-local', ipam: addresses(wish, folder) }];
  };
  return { plugin: 'host-local', type: 'host-local', directories: [directory], env: {}, network, ipam: true };
}

function main(type: 'bridge' | 'ptp', wish: NetworkWish, folder: string): PluginConf {
  const ipam = addresses(wish, folder);
  if (type === 'bridge')
    return { type, mtu: 1400, bridge: `cnf${numberOf(wish)}`, isDefaultGateway: true, hairpinMode: true, ipam };
  const routes = ipam.ranges.map((_, i) => ({ dst: i === 0 ? '0.0.0.0/0' : '::/0' }));
  return { type, mtu: 1400, ipam: { ...ipam, routes } };
}

/** Both families, but IPv4 alone where it is scarce: IPv6 costs these plugins a second or two of waiting, each ADD. */
function addresses(wish: NetworkWish, folder: string) {
  const scarce = wish.scarce === true;
  const v4 = [{ subnet: `10.88.${numberOf(wish)}.0/${scarce ? 29 : 24}` }];
  const v6 = [{ subnet: `fd00:88:0:${numberOf(wish)}::/64` }];
  return { type: 'host-local', dataDir: `${folder}/networks`, ranges: scarce ? [v4] : [v4, v6] };
}

/** One range and one bridge a network. */
function numberOf(wish: NetworkWish): number {
  if (wish.scarce === true) return 200;
  return wish.name === 'conformance' ? 0 : 1;
}

function behind(wish: NetworkWish): readonly PluginConf[] {
  if (wish.capability === undefined) return [];
  const type = wish.capability === 'portMappings' ? 'portmap' : 'bandwidth';
  return [{ type, capabilities: { [wish.capability]: true }, ...(type === 'portmap' ? { snat: true } : {}) }];
}
