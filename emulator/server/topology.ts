import type { Quotas } from '../cloud/rules.ts';
import { either, flag, list, maybe, number, object, text, texts } from '../cloud/shape.ts';

/** What there is when the emulator starts, by names of your own. */
export interface Topology {
  readonly zones: readonly string[];
  readonly vpcs: readonly TopologyVpc[];
  readonly quotas?: Quotas; // in place of the cloud's own, one by one
}

export interface TopologyVpc {
  readonly name: string;
  readonly range: string;
  readonly ranges?: readonly string[]; // more of them
  readonly ipv6?: boolean; //             a /56, of which each subnet gets a /64
  readonly internet?: boolean; //         a gateway, and the default route to it; absent: there is one
  readonly subnets: readonly TopologySubnet[];
  readonly instances?: readonly TopologyInstance[];
}

export interface TopologySubnet {
  readonly name: string;
  readonly zone: string;
  readonly range: string;
  readonly public?: boolean; //     primary NICs get public addresses; absent: they do
  readonly reservations?: readonly { readonly range: string; readonly use: 'prefix' | 'explicit' }[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface TopologyInstance {
  readonly name: string;
  readonly subnet: string;
  readonly type?: string; //           absent: m5.large
  readonly address?: string; //        absent: any
  readonly role?: string; //           absent: "node"; "": none, so that it has no credentials
  readonly hopLimit?: number; //       absent: 1
  readonly tokensRequired?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

const subnet = object<TopologySubnet>({
  name: text,
  zone: text,
  range: text,
  public: maybe(flag),
  reservations: maybe(list(object({ range: text, use: either('prefix', 'explicit') }))),
  tags: maybe(texts),
});

const instance = object<TopologyInstance>({
  name: text,
  subnet: text,
  type: maybe(text),
  address: maybe(text),
  role: maybe(text),
  hopLimit: maybe(number),
  tokensRequired: maybe(flag),
  tags: maybe(texts),
});

const vpc = object<TopologyVpc>({
  name: text,
  range: text,
  ranges: maybe(list(text)),
  ipv6: maybe(flag),
  internet: maybe(flag),
  subnets: list(subnet),
  instances: maybe(list(instance)),
});

const quotas = object<Quotas>({
  vpcs: maybe(number),
  subnetsPerVpc: maybe(number),
  rangesPerVpc: maybe(number),
  groupsPerVpc: maybe(number),
  groupsPerNic: maybe(number),
  rulesPerGroup: maybe(number),
  routesPerTable: maybe(number),
  nics: maybe(number),
  instances: maybe(number),
});

const topology = object<Topology>({ zones: list(text), vpcs: list(vpc), quotas: maybe(quotas) });

/** A topology of what JSON says. Throws SnapshotError, which names the place of what is wrong. */
export function readTopology(json: unknown): Topology {
  return topology(json, 'topology');
}

/** Two zones with a subnet each, and three instances: two in the first, one in the second. */
export function defaultTopology(region: string, type = 'm5.large'): Topology {
  const [a, b] = [`${region}a`, `${region}b`];
  const node = (name: string, of: string, address: string) => ({ name, subnet: of, type, address });
  return {
    zones: [a, b],
    vpcs: [
      {
        name: 'main',
        range: '10.0.0.0/16',
        ipv6: true,
        subnets: [
          { name: 'a', zone: a, range: '10.0.0.0/20' },
          { name: 'b', zone: b, range: '10.0.16.0/20' },
        ],
        instances: [
          node('node-1', 'a', '10.0.0.10'),
          node('node-2', 'a', '10.0.0.11'),
          node('node-3', 'b', '10.0.16.10'),
        ],
      },
    ],
  };
}
