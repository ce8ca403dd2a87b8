import { beforeEach, expect, test } from 'vitest';
import { ACCESS_KEY } from '../../../../emulator/server/start.ts';
import { Region } from '../../../../tools/bench-aws/region.ts';
import type { Id } from '../../../../emulator/cloud/nouns.ts';
import type { Request } from '../../../../emulator/cloud/request.ts';
import { awsSettings } from './aws-settings.ts';
import { seeded } from '../../../base/random.ts';
import { prefix } from '../../../base/ip.ts';
import type { Token } from '../../../core/ipam/nic.ts';
import { parseConfig } from '../../config/load.ts';
import { type AwsProvider, openAws } from './provider.ts';

const SPEC = { count: 2, unit: 'address', family: 'v4' } as const;

let region: Region;
let instance: Id;
let provider: AwsProvider;

beforeEach(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = ACCESS_KEY.id;
  process.env['AWS_SECRET_ACCESS_KEY'] = ACCESS_KEY.secret;
  region = new Region([{ name: 'node', type: 'm5.xlarge', account: 'ours' }], 7);
  instance = region.instance('node');
  provider = await opened();
});

function opened(): Promise<AwsProvider> {
  const settings = awsSettings(parseConfig('').config.aws);
  const network = region.networkOf(instance, 'ours');
  const doors = { clock: region.clock, random: seeded(1), onCall: () => {}, network };
  return region.until(openAws({ settings, ...doors }), 1_000);
}

function create(token: string) {
  return provider.createNic(SPEC, token as Token, 'pod');
}

/** How often an action was called, and how often in vain. */
function called(action: string): readonly [calls: number, refused: number] {
  const calls = region.calls.filter((it) => it.action === action);
  return [calls.length, calls.filter(({ code }) => code !== undefined).length];
}

test('NICs that are made at once get device numbers of their own at once', async () => {
  const made = await region.until(Promise.all([create('a'), create('b')]), 60_000);
  expect(new Set(made.map(({ device }) => device))).toEqual(new Set([1, 2]));
  expect(made.map(({ addresses }) => addresses.length)).toEqual([2, 2]);
  expect(called('AttachNetworkInterface')).toEqual([2, 0]);
});

const OPERATOR = { action: 'x', group: 'operator', account: 'operator', outside: true } as const;

function vpc(): Id {
  return [...region.world.cloud.vpcs.keys()][0] as Id;
}

/** Makes something by an operator's hand. */
function outside(request: Request, kind: 'nic' | 'group'): { readonly id: Id } {
  const { reply } = region.world.step({ ...OPERATOR, request });
  const view = 'answer' in reply && reply.answer.is === 'made' ? reply.answer.view : undefined;
  if (view?.kind === 'nic' && kind === 'nic') return view.nic;
  if (view?.kind === 'group' && kind === 'group') return view.group;
  throw new Error(`no ${kind} was made`);
}

/** Somebody else attaches a NIC of their own. */
function attachOthers(device: number): void {
  const subnet = [...region.world.cloud.subnets.keys()][0] as Id;
  const nic = outside({ do: 'create-nic', subnet }, 'nic').id;
  region.world.step({ ...OPERATOR, request: { do: 'attach-nic', nic, instance, device } });
}

test('a device number that others took meanwhile is left to them; a NIC without a place is not left behind', async () => {
  const first = create('a');
  await region.pass(500); // its look at what is attached is over
  attachOthers(1);
  expect((await region.until(first, 60_000)).device).toBe(2);
  expect((await region.until(create('b'), 60_000)).device).toBe(3);
  const third = create('c').catch((error: unknown) => error);
  expect(await region.until(third, 60_000)).toMatchObject({ kind: 'limit', code: 'AttachmentLimitExceeded' });
  expect([...region.world.cloud.nics.values()].filter(({ state }) => state === 'available')).toEqual([]);
});

test('A26: a NIC that may not be attached is not left behind, though EC2 does not show yet that it is there', async () => {
  region.world.trouble({ name: 'late', what: { kind: 'lag', viewer: 'describe', byMs: 30_000 }, scope: {} });
  region.world.trouble({ name: 'denied', what: { kind: 'deny' }, scope: { action: 'AttachNetworkInterface' } });
  const refused = create('a').catch((error: unknown) => error);
  expect(await region.until(refused, 60_000)).toMatchObject({ kind: 'denied', action: 'AttachNetworkInterface' });
  expect([...region.world.cloud.nics.values()].filter(({ state }) => state === 'available')).toEqual([]);
});

test('a NIC is had for two changing calls; that it ends with the instance is asked for when no pod waits', async () => {
  const { id } = await region.until(create('a'), 60_000);
  const ends = () => region.world.cloud.nics.get(id as string as Id)?.attachment?.deleteWithInstance;
  expect(called('ModifyNetworkInterfaceAttribute')).toEqual([0, 0]);
  expect(ends()).toBe(false);
  await region.pass(10_000);
  expect(await region.until(provider.tendNics(), 60_000)).toEqual([id]);
  expect(ends()).toBe(true);
  await region.pass(2_000); // EC2 tells late
  expect(await region.until(provider.tendNics(), 60_000)).toEqual([]);
  expect(called('ModifyNetworkInterfaceAttribute')).toEqual([1, 0]);
});

test('A48: NICs get the groups that the primary one has now, and EC2 is asked for nothing while all is well', async () => {
  const { id } = await region.until(create('a'), 60_000);
  await region.pass(10_000);
  await region.until(provider.tendNics(), 60_000);
  await region.pass(10_000);
  await region.until(provider.tendNics(), 60_000);
  const calls = region.calls.length;
  expect(await region.until(provider.tendNics(), 60_000)).toEqual([]);
  expect(region.calls.length).toBe(calls);
  const groups = [outside({ do: 'create-group', vpc: vpc(), name: 'new', description: '', tags: {} }, 'group').id];
  const primary = region.world.cloud.nicsOf.get(instance)?.[0] as Id;
  region.world.step({ ...OPERATOR, request: { do: 'modify-nic', nic: primary, groups } });
  await region.pass(10_000); // metadata tell late
  expect(await region.until(provider.tendNics(), 60_000)).toEqual([id]);
  expect(region.world.cloud.nics.get(id as string as Id)?.groups).toEqual(groups);
});

/** One more subnet of the VPC. */
function subnetIn(v4: string, zone?: string): Id {
  const request = { do: 'create-subnet', vpc: vpc(), v4: prefix(v4), tags: {}, ...(zone && { zone }) } as const;
  const before = new Set(region.world.cloud.subnets.keys());
  region.world.step({ ...OPERATOR, request });
  const made = [...region.world.cloud.subnets.keys()].find((it) => !before.has(it));
  if (made === undefined) throw new Error('no subnet was made');
  return made;
}

test('A47: by a NICConfig a NIC stands in its subnet with its groups, is marked, and keeps them', async () => {
  const subnet = subnetIn('10.0.240.0/24');
  const group = outside({ do: 'create-group', vpc: vpc(), name: 'pods', description: '', tags: {} }, 'group').id;
  const place = { name: 'blue', subnet, groups: [group] };
  const nic = await region.until(provider.createNic({ ...SPEC, config: 'blue', place }, 'a' as Token, 'pod'), 60_000);
  expect(nic).toMatchObject({ config: 'blue', subnet, groups: [group] });
  await region.pass(10_000);
  await region.until(provider.tendNics(), 60_000);
  expect(region.world.cloud.nics.get(nic.id as string as Id)?.groups).toEqual([group]);
});

test('A47: NICs that aws-node made by an ENIConfig, which no tag of ours marks, keep their groups where that is asked', async () => {
  const group = outside({ do: 'create-group', vpc: vpc(), name: 'pods', description: '', tags: {} }, 'group').id;
  attachOthers(1);
  const nic = region.world.cloud.nicsOf.get(instance)?.[1] as Id;
  region.world.step({ ...OPERATOR, request: { do: 'modify-nic', nic, groups: [group] } });
  await region.pass(10_000);
  await region.until(provider.reportNics({ sure: true }), 60_000);
  const groups = () => region.world.cloud.nics.get(nic)?.groups;
  expect(await region.until(provider.tendNics({ groups: false }), 60_000)).toEqual([]);
  expect(groups()).toEqual([group]);
  expect(await region.until(provider.tendNics(), 60_000)).toEqual([nic]);
});

test('A47: a NICConfig of another zone, or of a subnet that is not there, is refused before anything is made', async () => {
  for (const subnet of [subnetIn('10.0.241.0/24', 'eu-west-1b'), 'subnet-none']) {
    const order = { ...SPEC, config: 'blue', place: { name: 'blue', subnet, groups: [] } };
    const refused = provider.createNic(order, `t-${subnet}` as Token, 'pod').catch((error: unknown) => error);
    expect(await region.until(refused, 60_000)).toMatchObject({
      kind: 'gone',
      message: expect.stringContaining(`subnet ${subnet} of NICConfig blue`),
    });
  }
  expect(called('CreateNetworkInterface')).toEqual([0, 0]);
});

test('A26: what was made before a restart is found by its token, though it would be asked for in other words now', async () => {
  const token = `node-1@${region.clock.now()}`;
  const { id } = await region.until(create(token), 60_000);
  region.world.step({ ...OPERATOR, request: { do: 'detach-nic', of: { nic: id as string as Id } } });
  const group = outside({ do: 'create-group', vpc: vpc(), name: 'new', description: 'new', tags: {} }, 'group').id;
  const [own] = region.world.cloud.nics.keys();
  region.world.step({ ...OPERATOR, request: { do: 'modify-nic', nic: own ?? instance, groups: [group] } });
  await region.pass(10_000);
  provider = await opened();
  expect((await region.until(create(token), 60_000)).id).toBe(id);
  expect(region.world.cloud.nics.size).toBe(2);
});
