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

function main(type: 'bridge' | 'ptp', wish: NetworkWish, folder: string): PluginConf {
  const number = wish.scarce === true ? 200 : wish.name === 'conformance' ? 0 : 1;
  const v4 = [{ subnet: `10.88.${number}.0/${wish.scarce === true ? 29 : 24}` }];
  const v6 = [{ subnet: `fd00:88:0:${number}::/64` }];
  const ranges = wish.scarce === true ? [v4] : [v4, v6]; // IPv6 costs these a second or two of waiting, each ADD
  const defaults = wish.scarce === true ? [{ dst: '0.0.0.0/0' }] : [{ dst: '0.0.0.0/0' }, { dst: '::/0' }];
  const routes = type === 'ptp' ? defaults : [];
  const ipam = { type: 'host-local', dataDir: `${folder}/networks`, ranges, routes };
  const bridge = { bridge: `cnf${number}`, isDefaultGateway: true, hairpinMode: true };
  return { type, mtu: 1400, ...(type === 'bridge' ? bridge : {}), ipam };
}

function behind(wish: NetworkWish): readonly PluginConf[] {
  if (wish.capability === undefined) return [];
  const type = wish.capability === 'portMappings' ? 'portmap' : 'bandwidth';
  return [{ type, capabilities: { [wish.capability]: true }, ...(type === 'portmap' ? { snat: true } : {}) }];
}
