import { byText, SortedMap } from '../../src/base/sorted-map.ts';
import { type Cloud, emptyCloud } from './cloud.ts';
import { derived } from './derive.ts';
import * as noun from './noun-shapes.ts';
import type { Id } from './nouns.ts';
import type { CloudRules } from './rules.ts';
import { type Decoder, either, list, number, object, SnapshotError, text } from './shape.ts';
import * as state from './state-shapes.ts';
import type { Table } from './table.ts';

export { SnapshotError } from './shape.ts';

/** The format's number: a change that an older Berth cannot read counts it up. */
const FORMAT = 1;

const snapshot = object({
  format: either(FORMAT),
  dialect: text,
  zones: list(text),
  serial: number,
  vpcs: list(noun.vpc),
  subnets: list(noun.subnet),
  groups: list(noun.group),
  tables: list(noun.routeTable),
  gateways: list(noun.gateway),
  nats: list(noun.nat),
  instances: list(noun.instance),
  nics: list(noun.nic),
  jobs: list(noun.job),
  pastNics: state.pastNics,
  pastInstances: state.pastInstances,
  dues: state.dues,
  tokens: state.tokens,
  buckets: state.buckets,
  troubles: list(state.trouble),
});
type Snapshot = typeof snapshot extends Decoder<infer T> ? T : never;

/** The whole cloud as JSON, but for its rules. Times are kept as they are. */
export function save(cloud: Cloud): string {
  const { zones, serial, troubles } = cloud;
  const saved: Snapshot = {
    format: FORMAT,
    dialect: cloud.rules.dialect,
    zones,
    serial,
    vpcs: [...cloud.vpcs.values()],
    subnets: [...cloud.subnets.values()],
    groups: [...cloud.groups.values()],
    tables: [...cloud.tables.values()],
    gateways: [...cloud.gateways.values()],
    nats: [...cloud.nats.values()],
    instances: [...cloud.instances.values()],
    nics: [...cloud.nics.values()],
    jobs: [...cloud.jobs.values()],
    pastNics: [...cloud.pastNics],
    pastInstances: [...cloud.pastInstances],
    dues: [...cloud.dues],
    tokens: [...cloud.tokens],
    buckets: [...cloud.buckets],
    troubles,
  };
  return JSON.stringify(saved);
}

/**
 * The cloud that was saved, under these rules. Throws SnapshotError: no JSON, another format or dialect, a field that
 * is wrong or unknown, addresses that two have or that do not lie in their subnet.
 */
export function load(json: string, rules: CloudRules): Cloud {
  const saved = snapshot(parse(json), 'snapshot');
  if (saved.dialect !== rules.dialect)
    throw new SnapshotError(`snapshot.dialect: ${rules.dialect} is wanted, not ${saved.dialect}`);
  const bare = {
    ...emptyCloud(rules, saved.zones),
    serial: saved.serial,
    vpcs: byId(saved.vpcs),
    subnets: byId(saved.subnets),
    groups: byId(saved.groups),
    tables: byId(saved.tables),
    gateways: byId(saved.gateways),
    nats: byId(saved.nats),
    instances: byId(saved.instances),
    nics: byId(saved.nics),
    jobs: byId(saved.jobs),
    pastNics: filled(SortedMap.empty<Id, Snapshot['pastNics'][number][1]>(byText), saved.pastNics),
    pastInstances: filled(SortedMap.empty<Id, Snapshot['pastInstances'][number][1]>(byText), saved.pastInstances),
    tokens: filled(emptyCloud(rules, []).tokens, saved.tokens),
    buckets: filled(emptyCloud(rules, []).buckets, saved.buckets),
    dues: filled(emptyCloud(rules, []).dues, saved.dues),
    troubles: saved.troubles,
  };
  const { indexes, faults } = derived(bare);
  if (faults[0] !== undefined) throw new SnapshotError(`snapshot: ${faults[0]}`);
  return { ...bare, ...indexes };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new SnapshotError('snapshot: not JSON', { cause });
  }
}

function byId<T extends { readonly id: Id }>(all: readonly T[]): Table<T> {
  let table: Table<T> = SortedMap.empty<Id, T>(byText);
  for (const it of all) {
    if (table.has(it.id)) throw new SnapshotError(`snapshot: ${it.id} is there twice`);
    table = table.set(it.id, it);
  }
  return table;
}

function filled<K, V>(empty: SortedMap<K, V>, entries: readonly (readonly [K, V])[]): SortedMap<K, V> {
  let map = empty;
  for (const [key, value] of entries) map = map.set(key, value);
  return map;
}
