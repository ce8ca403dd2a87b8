import { expect, test } from 'vitest';
import type { Id, Instance } from './nouns.ts';
import { metadataOf } from './metadata.ts';
import { withTrouble } from './strike.ts';
import { RULES, Stage } from './testing/stage.ts';

const DELAYS = { delays: { ...RULES.delays, metadata: [3000, 3000] } } as const;
const nicsSeen = (stage: Stage, { id }: Instance) =>
  (metadataOf(stage.cloud, id, stage.now)?.nics ?? []).map(({ nic }) => nic.id);

test('a fresh instance knows its primary NIC at once, with subnet, VPC and groups', () => {
  const stage = new Stage(DELAYS);
  const vpc = stage.vpc();
  const subnet = stage.subnet(vpc);
  const instance = stage.instance(subnet);
  const groups = [{ id: vpc.defaultGroup, name: 'default' }];
  expect(metadataOf(stage.cloud, instance.id, stage.now)).toMatchObject({
    instance: { id: instance.id },
    nics: [{ nic: { attachment: { device: 0 } }, subnet: { id: subnet.id }, vpc: { id: vpc.id }, groups }],
  });
});

test('an instance that does not run yet, or no more, is told nothing', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nics = [{ device: 0, subnet: subnet.id }];
  const run = { do: 'run-instances', least: 1, most: 1, type: 'plain', nics, tags: {} } as const;
  const id = stage.ask('launched', run).instances[0]?.instance.id ?? ('' as Id);
  expect(metadataOf(stage.cloud, id, stage.now)).toBeUndefined();
  expect(metadataOf(stage.cloud, 'none' as Id, stage.now)).toBeUndefined();
});

test('a NIC, its addresses and its end are shown late (A43)', () => {
  const stage = new Stage(DELAYS);
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet);
  const nic = stage.attachedNic(instance, subnet);
  expect(nicsSeen(stage, instance)).not.toContain(nic.id);
  stage.pass(3000);
  expect(nicsSeen(stage, instance)).toContain(nic.id);
  stage.ask('assigned', { do: 'assign', nic: nic.id, addresses: { count: 1 } });
  const shown = () => metadataOf(stage.cloud, instance.id, stage.now)?.nics[1]?.nic.addresses;
  expect(shown()).toEqual(nic.addresses);
  stage.pass(3000);
  expect(shown()).toEqual(stage.nicNow(nic.id).addresses);
  stage.ask('detached', { do: 'detach-nic', of: { nic: nic.id }, force: true });
  stage.ask('done', { do: 'delete-nic', nic: nic.id });
  expect(nicsSeen(stage, instance)).toContain(nic.id);
  stage.pass(3000);
  expect(nicsSeen(stage, instance)).not.toContain(nic.id);
});

test('a NIC that moves to another instance is at one of them, or shown at neither', () => {
  const stage = new Stage(DELAYS);
  const subnet = stage.subnet(stage.vpc());
  const [one, two] = [stage.instance(subnet), stage.instance(subnet)];
  const nic = stage.attachedNic(one, subnet);
  stage.pass(3000);
  stage.ask('detached', { do: 'detach-nic', of: { nic: nic.id }, force: true });
  stage.ask('attached', { do: 'attach-nic', nic: nic.id, instance: two.id });
  stage.pass(1000);
  expect([nicsSeen(stage, one).includes(nic.id), nicsSeen(stage, two).includes(nic.id)]).toEqual([true, false]);
  stage.pass(3000);
  expect([nicsSeen(stage, one).includes(nic.id), nicsSeen(stage, two).includes(nic.id)]).toEqual([false, true]);
});

test('metadata made to lag: what changes meanwhile is late by that much, at that instance only', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const [one, two] = [stage.instance(subnet), stage.instance(subnet)];
  const what = { kind: 'lag', viewer: 'metadata', byMs: 60_000 } as const;
  stage.cloud = withTrouble(stage.cloud, { name: 'lag', what, scope: { instance: one.id } }).cloud;
  const [first, second] = [stage.attachedNic(one, subnet), stage.attachedNic(two, subnet)];
  expect(nicsSeen(stage, one)).not.toContain(first.id);
  expect(nicsSeen(stage, two)).toContain(second.id);
  stage.pass(59_000);
  expect(nicsSeen(stage, one)).toContain(first.id);
});

test('a NIC made to hide is not shown though it is there', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet);
  const nic = stage.attachedNic(instance, subnet);
  const what = { kind: 'hide', viewer: 'metadata', nic: nic.id } as const;
  const until = stage.now + 1000;
  stage.cloud = withTrouble(stage.cloud, { name: 'hide', what, scope: { instance: instance.id }, until }).cloud;
  expect(nicsSeen(stage, instance)).not.toContain(nic.id);
  expect(stage.views({ do: 'describe', kind: 'nic' })).toHaveLength(2);
  stage.pass(1000);
  expect(nicsSeen(stage, instance)).toContain(nic.id);
});
