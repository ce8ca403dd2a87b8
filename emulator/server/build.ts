import { address, familyOf, nth, type Prefix, prefix } from '../../src/base/ip.ts';
import type { Millis } from '../../src/base/clock.ts';
import type { Answer } from '../cloud/answer.ts';
import type { Id, Tags, Vpc } from '../cloud/nouns.ts';
import type { Request } from '../cloud/request.ts';
import type { Topology, TopologyInstance, TopologySubnet, TopologyVpc } from './topology.ts';
import type { World } from './world.ts';

/** So long ago the instances were launched: longer than any launch takes. */
const AGO_MS: Millis = 10 * 60_000;

/** A topology that no cloud can be. */
export class TopologyError extends Error {
  override readonly name = 'TopologyError';
}

/** Makes what a topology says in a world that is empty. All of it runs at once. Throws TopologyError, RangeError. */
export function build(world: World, { vpcs }: Topology): void {
  world.begin(AGO_MS);
  for (const vpc of vpcs) buildVpc(world, vpc);
  world.pass(AGO_MS);
}

function buildVpc(
  world: World,
  { name, range, ranges = [], ipv6 = false, internet = true, ...more }: TopologyVpc,
): void {
  const request = { do: 'create-vpc', range: prefix(range), v6: ipv6, tags: named(name) } as const;
  const { vpc } = made(world, request, 'vpc');
  for (const it of ranges) ask(world, { do: 'add-range', vpc: vpc.id, range: prefix(it) });
  if (internet) connect(world, vpc, name);
  const subnets = new Map<string, Id>();
  for (const [index, it] of more.subnets.entries()) subnets.set(it.name, buildSubnet(world, vpc, { it, index }));
  for (const it of more.instances ?? []) {
    const subnet = subnets.get(it.subnet);
    if (subnet === undefined) throw new TopologyError(`instance ${it.name}: there is no subnet ${it.subnet}`);
    launch(world, it, subnet);
  }
}

function connect(world: World, vpc: Vpc, name: string): void {
  const { gateway } = made(world, { do: 'create-gateway', tags: named(name) }, 'gateway');
  ask(world, { do: 'attach-gateway', gateway: gateway.id, vpc: vpc.id });
  for (const to of vpc.ranges.some((it) => familyOf(it) === 'v6') ? ['0.0.0.0/0', '::/0'] : ['0.0.0.0/0'])
    ask(world, {
      do: 'add-route',
      table: vpc.mainTable,
      route: { to: to as Prefix, by: { kind: 'internet', gateway: gateway.id } },
    });
}

/** Of IPv6 the /64 of its number. */
function buildSubnet(
  world: World,
  vpc: Vpc,
  { it, index }: { readonly it: TopologySubnet; readonly index: number },
): Id {
  const whole = vpc.ranges.find((range) => familyOf(range) === 'v6');
  const v6 = whole === undefined ? {} : { v6: `${nth(whole, BigInt(index) << 64n)}/64` as Prefix };
  const tags = { ...named(it.name), ...it.tags };
  const request = { do: 'create-subnet', vpc: vpc.id, zone: it.zone, v4: prefix(it.range), ...v6, tags } as const;
  const { id } = made(world, request, 'subnet').subnet;
  ask(world, { do: 'modify-subnet', subnet: id, mapPublic: it.public ?? true });
  for (const { range, use } of it.reservations ?? [])
    ask(world, { do: 'reserve-range', subnet: id, range: prefix(range), use, description: '' });
  return id;
}

function launch(world: World, it: TopologyInstance, subnet: Id): void {
  const { type = 'm5.large', role = 'node', hopLimit, tokensRequired } = it;
  const primary = it.address === undefined ? {} : { primary: address(it.address) };
  ask(world, {
    do: 'run-instances',
    least: 1,
    most: 1,
    type,
    ...(role === '' ? {} : { role }),
    nics: [{ device: 0, subnet, ...primary }],
    ...(hopLimit === undefined ? {} : { hopLimit }),
    ...(tokensRequired === undefined ? {} : { tokensRequired }),
    tags: { ...named(it.name), ...it.tags },
  });
}

function named(name: string): Tags {
  return { Name: name };
}

function made<K extends 'vpc' | 'subnet' | 'gateway'>(world: World, request: Request, kind: K) {
  const answer = ask(world, request);
  if (answer.is !== 'made' || answer.view.kind !== kind) throw new TypeError(`no ${kind} was made`);
  return answer.view as Extract<typeof answer.view, { readonly kind: K }>;
}

/** By an operator's hand: no buckets, no troubles. */
function ask(world: World, request: Request): Answer {
  const { reply } = world.step({ action: request.do, group: 'operator', account: 'operator', outside: true, request });
  if ('answer' in reply) return reply.answer;
  throw new TopologyError(`${request.do}: ${JSON.stringify(reply.fault)}`);
}
