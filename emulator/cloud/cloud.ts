import type { Millis } from '../../src/base/clock.ts';
import { type Address, contains } from '../../src/base/ip.ts';
import type { Random } from '../../src/base/random.ts';
import { byNumber, byText, SortedMap } from '../../src/base/sorted-map.ts';
import type { Deed, Moment } from './deed.ts';
import type { Lately } from './lately.ts';
import type { Gateway, Id, Instance, Job, Kind, Nat, Nic, RouteTable, SecurityGroup, Subnet, Vpc } from './nouns.ts';
import type { Version } from './past.ts';
import type { CloudRules } from './rules.ts';
import { holderAt, type Space } from './space.ts';
import type { Table } from './table.ts';
import type { Trouble } from './trouble.ts';

/**
 * One region of a cloud, as a value: a step gives another one that shares almost all of it, so that to fork it costs
 * nothing. Indexes are kept by those who change what they index; `laws.ts` tells when they disagree.
 */
export interface Cloud {
  readonly rules: CloudRules;
  readonly zones: readonly string[];
  readonly vpcs: Table<Vpc>;
  readonly subnets: Table<Subnet>;
  readonly groups: Table<SecurityGroup>;
  readonly tables: Table<RouteTable>;
  readonly gateways: Table<Gateway>;
  readonly nats: Table<Nat>;
  readonly instances: Table<Instance>;
  readonly nics: Table<Nic>;
  readonly jobs: Table<Job>;
  readonly spaces: Table<Space>; //                      by subnet: who holds which of its addresses
  readonly nicsOf: Table<readonly Id[]>; //              by instance, in the order of card and device
  readonly attachments: Table<Id>; //                    to the NIC
  readonly publics: SortedMap<Address, Id>; //           to the NIC or NAT gateway
  readonly pastNics: Table<readonly Version<Nic>[]>; //  of those that changed just now
  readonly lately: Lately; //                            of them, by the instances that they are or were on
  readonly pastInstances: Table<readonly Version<Instance>[]>;
  readonly dues: SortedMap<Moment, Deed>;
  readonly tokens: SortedMap<string, TokenUse>; //       by account, action and token
  readonly buckets: SortedMap<string, BucketLevel>; //   by account and bucket
  readonly troubles: readonly Trouble[];
  readonly serial: number; //                            of the last moment
}

/** What a token made, and the hash of the request that it came with. */
export interface TokenUse {
  readonly hash: string;
  readonly made: readonly Touch[];
}

export interface BucketLevel {
  readonly level: number;
  readonly at: Millis;
}

/** Where a step gets what a function may not fetch. `now` does not go back in the life of a cloud. */
export interface Env {
  readonly now: Millis;
  readonly random: Random;
}

/** What a step made, changed or took away: who shows the cloud to the world looks it up again. Absent: it is gone. */
export interface Touch {
  readonly kind: Kind | 'zone'; // a zone: whether it is cut off
  readonly id: Id;
}

/** A cloud without anything in it. */
export function emptyCloud(rules: CloudRules, zones: readonly string[]): Cloud {
  return {
    rules,
    zones,
    vpcs: table(),
    subnets: table(),
    groups: table(),
    tables: table(),
    gateways: table(),
    nats: table(),
    instances: table(),
    nics: table(),
    jobs: table(),
    spaces: table(),
    nicsOf: table(),
    attachments: table(),
    publics: SortedMap.empty<Address, Id>(byText),
    pastNics: table(),
    lately: table(),
    pastInstances: table(),
    dues: SortedMap.empty((a, b) => byNumber(a.at, b.at) || byNumber(a.serial, b.serial)),
    tokens: SortedMap.empty(byText),
    buckets: SortedMap.empty(byText),
    troubles: [],
    serial: 0,
  };
}

function table<T>(): Table<T> {
  return SortedMap.empty<Id, T>(byText);
}

/** The NICs of an instance as they are, those on their way in and out too, the primary first. */
export function nicsOf(cloud: Cloud, instance: Id): readonly Nic[] {
  return (cloud.nicsOf.get(instance) ?? []).flatMap((id) => cloud.nics.get(id) ?? []);
}

/** The NIC or NAT gateway that holds an address of a VPC, singly or in a prefix. */
export function holderOf(cloud: Cloud, vpc: Id, address: Address): Id | undefined {
  for (const subnet of cloud.subnets.values()) {
    if (subnet.vpc !== vpc) continue;
    const range = address.includes(':') ? subnet.v6 : subnet.v4;
    const space = range !== undefined && contains(range, address) ? cloud.spaces.get(subnet.id) : undefined;
    if (space !== undefined) return holderAt(space, address);
  }
  return undefined;
}

/** The kind of whatever has this id and may carry tags. */
export function kindOf(cloud: Cloud, id: Id): Tagged | undefined {
  return TAGGED.find((kind) => tableOf(cloud, kind).has(id));
}

/** The kinds that carry tags. */
export type Tagged = (typeof TAGGED)[number];

/** All kinds that carry tags. */
export const TAGGED = [
  'nic',
  'instance',
  'subnet',
  'vpc',
  'group',
  'route-table',
  'gateway',
  'nat',
] as const satisfies readonly Kind[];

const FIELDS = {
  nic: 'nics',
  instance: 'instances',
  subnet: 'subnets',
  vpc: 'vpcs',
  group: 'groups',
  'route-table': 'tables',
  gateway: 'gateways',
  nat: 'nats',
} as const satisfies Record<Tagged, keyof Cloud>;

/** The things of a kind. */
export function tableOf<K extends Tagged>(cloud: Cloud, kind: K): Cloud[(typeof FIELDS)[K]] {
  return cloud[FIELDS[kind]];
}

/** The name of a kind's table in the cloud. */
export function fieldOf<K extends Tagged>(kind: K): (typeof FIELDS)[K] {
  return FIELDS[kind];
}
