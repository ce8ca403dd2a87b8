import { hostPrefix, type Address, address, interfaceAddress, type Prefix } from '../../src/base/ip.ts';
import { mac, type Mac } from '../../src/base/mac.ts';
import { DEFAULT_V4, DEFAULT_V6, GATEWAY_V4, GATEWAY_V6, MAIN_TABLE } from '../../src/core/datapath/numbers.ts';
import type { Item, LinkRef, Plan } from '../../src/core/datapath/plan.ts';

export const pod = (name: string): LinkRef => ({ netns: 'pod', name });
export const host = (name: string): LinkRef => ({ netns: 'host', name });

/** A MAC of 24 bits of number. */
export function numberedMac(kind: number, number: number): Mac {
  const bytes = [2, kind, 0, (number >> 16) & 255, (number >> 8) & 255, number & 255];
  return mac(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':'));
}

export function veth(number: number): Item & { kind: 'veth' } {
  return {
    kind: 'veth',
    pod: pod('eth0'),
    host: host(`bth${number}`),
    mtu: 1400,
    podMac: numberedMac(1, number),
    hostMac: numberedMac(2, number),
    alias: `net/pod-${number}/eth0`,
  };
}

/** A plan as routed pods have it, with an address of each family: for tests of the kernel, apart from the planner. */
export function routedPod(number: number): Plan {
  const link = veth(number);
  const v4 = address(`10.1.${number >> 8}.${number & 255}`);
  const v6 = address(`fd00::${(number + 1).toString(16)}`);
  return [
    link,
    { kind: 'sysctl', on: link.host, key: 'v4.forwarding', value: 1 },
    { kind: 'sysctl', on: link.host, key: 'v4.route_localnet', value: 1 },
    { kind: 'sysctl', on: link.host, key: 'v6.addr_gen_mode', value: 1 },
    { kind: 'up', on: pod('lo') },
    ...family(link, v4, GATEWAY_V4, DEFAULT_V4),
    ...family(link, v6, GATEWAY_V6, DEFAULT_V6),
  ];
}

function family(link: Item & { kind: 'veth' }, own: Address, gateway: Address, everything: Prefix): readonly Item[] {
  const table = MAIN_TABLE;
  return [
    { kind: 'address', on: link.pod, address: interfaceAddress(hostPrefix(own)) },
    { kind: 'neighbour', on: link.pod, address: gateway, at: link.host },
    { kind: 'route', on: link.pod, to: hostPrefix(gateway), table },
    { kind: 'route', on: link.pod, to: everything, via: gateway, onlink: true, table },
    { kind: 'neighbour', on: link.host, address: own, at: link.pod },
    { kind: 'route', on: link.host, to: hostPrefix(own), table },
  ];
}
