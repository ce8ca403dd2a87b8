import { isDeepStrictEqual } from 'node:util';
import { objects } from '../judge.ts';
import { PluginError } from '../libcni/exec.ts';
import type { Json } from '../libcni/network-list.ts';
import type { Check } from '../check.ts';
import { must, noneOf } from '../verdict.ts';
import { capacity, withScarcity } from './scarcity.ts';

/** What a plugin in front has made: a tap for somebody else, say. */
const EARLIER: Json = {
  interfaces: [
    { name: 'tap7', mac: '02:00:5e:00:53:07' },
    { name: 'net7', mac: '02:00:5e:00:53:08', sandbox: '/run/netns/earlier' },
  ],
  ips: [{ address: '198.51.100.7/24', gateway: '198.51.100.1', interface: 1 }],
  routes: [{ dst: '198.51.100.128/25', gw: '198.51.100.1' }],
  dns: { nameservers: ['198.51.100.53'], domain: 'earlier.example', search: ['earlier.example'] },
};

/** C34 and C35: neighbours in a chain. */
export const chainChecks: readonly Check[] = [
  {
    id: 'C34',
    name: 'behind another plugin: keeps interfaces, ips, routes and dns of prevResult and adds its own',
    run: async (stage) => {
      stage.needInterface();
      const before = { type: 'scripted', scripted: { result: EARLIER } };
      const { result, sandbox } = await stage.attach(stage.list({ before }));
      const faults: string[] = [];
      for (const part of ['interfaces', 'ips', 'routes'] as const) {
        const earlier = objects(EARLIER[part]);
        const now = objects(result[part]);
        if (!isDeepStrictEqual(now.slice(0, earlier.length), earlier))
          faults.push(`${part} were ${JSON.stringify(earlier)}, are ${JSON.stringify(now)}`);
        if (part !== 'routes' && now.length <= earlier.length) faults.push(`${part}: none were added`);
      }
      const dns = (result['dns'] ?? {}) as Json;
      const servers = dns['nameservers'];
      if (!Array.isArray(servers) || !servers.includes('198.51.100.53')) faults.push(`dns is ${JSON.stringify(dns)}`);
      if (dns['domain'] !== 'earlier.example') faults.push(`dns.domain is ${JSON.stringify(dns['domain'])}`);
      const interfaces = objects(result['interfaces']);
      for (const ip of objects(result['ips']).slice(1)) {
        const link = interfaces[Number(ip['interface'])];
        if (link?.['sandbox'] !== sandbox.path || link['name'] !== 'eth0')
          faults.push(`${String(ip['address'])} points at ${JSON.stringify(link)}`);
      }
      noneOf(faults);
      return '';
    },
  },
  {
    id: 'C35',
    name: "a plugin behind it fails: the runtime's DEL leaves nothing",
    run: async (stage) => {
      const behind = { type: 'scripted', scripted: { error: { verb: 'ADD' } } };
      return withScarcity(
        stage,
        async (list) => {
          const alone = { ...list, plugins: list.plugins.filter((plugin) => plugin !== behind) };
          const before = await stage.atRest(alone);
          const room = await capacity(stage, alone);
          for (let i = 0; i < room + 2; i++) {
            const attachment = stage.attachment(await stage.sandbox(), list);
            const error: unknown = await stage.runtime.add(list, attachment).catch((thrown: unknown) => thrown);
            must(error instanceof PluginError && error.message.includes('told to fail'), `the ADD: ${String(error)}`);
            await stage.runtime.del(list, attachment);
          }
          noneOf(await stage.residue(before));
          const left = await capacity(stage, alone);
          must(left === room, `${room - left} of ${room} addresses are lost`);
          return `${room + 2} failed chains, all ${room} addresses free`;
        },
        { behind },
      );
    },
  },
];
