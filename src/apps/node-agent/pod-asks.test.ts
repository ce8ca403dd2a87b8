import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KubeError } from '../../io/kube/client.ts';
import { STATIC_ADDRESSES } from '../../wire/kube/crd/static-address.ts';
import { PODS } from '../../wire/kube/resource.ts';
import { argsOf, ClusterScene } from './testing/cluster-scene.ts';

let scene: ClusterScene;

beforeEach(async () => {
  scene = new ClusterScene();
  scene.node('small', '192.0.2.1', '10.244.1.0/24');
  await scene.start();
});
afterEach(() => scene.small.close());

/** A pod with annotations, whose ADD comes when the watch has told of it. */
async function add(name: string, annotations: Readonly<Record<string, string>>) {
  const uid = scene.pod(name, { metadata: { annotations } });
  await scene.pass(100);
  return scene.small.add({ id: name, args: argsOf(name, uid) });
}

const gets = () => scene.client.asked.filter((it) => it === 'get pods').length;

test('a pod gets the address that it asks for, by Berth’s annotation and by Calico’s', async () => {
  expect(await add('own', { 'berth.dev/ips': '10.244.1.77' })).toMatchObject({ exitCode: 0, ips: ['10.244.1.77'] });
  const calico = { 'cni.projectcalico.org/ipAddrs': '["10.244.1.78"]' };
  expect(await add('calico', calico)).toMatchObject({ exitCode: 0, ips: ['10.244.1.78'] });
  expect(gets()).toBe(0); // the watch had told of both
});

test('an address that cannot be had refuses the pod, with an Event', async () => {
  await add('first', { 'berth.dev/ips': '10.244.1.77' });
  const second = await add('second', { 'berth.dev/ips': '10.244.1.77' });
  expect(second).toMatchObject({ exitCode: 1, code: 101 });
  const outside = await add('third', { 'berth.dev/ips': '10.9.9.9' });
  expect(outside.says).toContain("outside of this node's ranges");
  await scene.pass(100);
  expect(scene.events().map(([reason, name]) => `${reason} ${name}`)).toEqual([
    'AddressRefused second',
    'AddressRefused third',
  ]);
});

test('a pod’s link has the MTU that it asks for, and bandwidth as its annotations say', async () => {
  const asks = { 'berth.dev/mtu': '1300', 'kubernetes.io/ingress-bandwidth': '10M' };
  expect(await add('small', asks)).toMatchObject({ exitCode: 0 });
  expect(scene.small.standing().filter((line) => line.startsWith('veth'))).toEqual([expect.stringContaining('1300')]);
  expect(scene.small.standing().filter((line) => line.startsWith('tbf'))).toEqual([
    expect.stringContaining('tbf 10000000 bit/s'),
  ]);
});

test.each([
  ['berth.dev/mtu', 'jumbo', 'a whole number from 576'],
  ['berth.dev/mtu', '9001', 'at most 1500, the MTU of pods on this node'],
  ['berth.dev/ips', '10.244.1', 'addresses with commas'],
])('%s: "%s" is refused with a sentence, in the error and in an Event', async (name, value, needs) => {
  const refused = await add('wrong', { [name]: value });
  expect(refused).toMatchObject({ exitCode: 1, code: 7 });
  expect(refused.says).toContain(`the pod's annotation ${name} says "${value}": it must be ${needs}`);
  await scene.pass(100);
  expect(scene.events()).toEqual([['AnnotationRefused', 'wrong', 1, expect.stringContaining(needs)]]);
  expect(scene.small.agent.parts.attachments.count).toBe(0);
});

test('an ADD that is ahead of the watch asks the API server for the pod', async () => {
  const uid = scene.pod('early', { metadata: { annotations: { 'berth.dev/ips': '10.244.1.77' } } });
  const answer = await scene.small.add({ id: 'early', args: argsOf('early', uid) });
  expect(answer).toMatchObject({ exitCode: 0, ips: ['10.244.1.77'] });
  expect(gets()).toBe(1);
});

test('A15: a pod of the same name that was made anew has its own annotations, not its forerunner’s', async () => {
  await add('web-0', { 'berth.dev/ips': '10.244.1.77' });
  scene.removePod('web-0');
  const uid = scene.pod('web-0', { metadata: { annotations: { 'berth.dev/ips': '10.244.1.78' } } });
  const anew = await scene.small.add({ id: 'anew', args: argsOf('web-0', uid) });
  expect(anew).toMatchObject({ exitCode: 0, ips: ['10.244.1.78'] });
});

test('A24: an API server that does not answer holds up an ADD for a second, one that is known to be away not at all', async () => {
  scene.client.silence();
  const held = scene.small.add({ id: 'held', args: argsOf('held', 'unknown') });
  await scene.pass(900);
  expect(scene.small.agent.parts.attachments.count).toBe(0);
  await scene.pass(200);
  expect(await held).toMatchObject({ exitCode: 0 });
  scene.client.endWatches(new KubeError('unreachable', 'away'));
  await scene.pass(0);
  const before = gets();
  expect(await scene.small.add({ id: 'away', args: argsOf('away', 'unknown') })).toMatchObject({ exitCode: 0 });
  expect(gets()).toBe(before);
});

describe('while nobody tells', () => {
  const away = new KubeError('unreachable', 'away');
  const uuid = '0b6c1ef2-5f2c-4c0c-9d0e-0d2a7b1f1c11';
  const ask = (name: string, uid = uuid) => scene.small.add({ id: name, args: argsOf(name, uid) });
  const keeps = () => scene.store.apply(at('db-1'), { spec: {} }, { manager: 'test', force: true });
  const at = (name: string) => ({ resource: STATIC_ADDRESSES, namespace: 'web', name });

  async function silent(): Promise<void> {
    await scene.pass(1_000);
    scene.client.fail(away);
    scene.client.endWatches(away);
    await scene.pass(0);
  }

  test('a pod that may keep its address waits; any other does not, nor one of the kubelet’s files', async () => {
    keeps();
    await silent();
    const refused = await ask('db-0');
    expect(refused).toMatchObject({ exitCode: 1, code: 11 });
    expect(refused.says).toContain("web/db-0 may be a StatefulSet's");
    expect(await ask('db-7d4b9c6f5-x2x4z')).toMatchObject({ exitCode: 0 });
    expect(await ask('proxy-node-1', '3f2a9d6b1c0e4f5a8b7c6d5e4f3a2b1c')).toMatchObject({ exitCode: 0 });
  });

  test('A24: in a cluster that has had no such pod for an hour none waits, after a restart neither', async () => {
    keeps();
    await scene.pass(1_000);
    scene.store.remove(at('db-1'));
    await scene.pass(3_600_000);
    await silent();
    expect(await ask('db-0')).toMatchObject({ exitCode: 0 });
    await scene.small.stop();
    await scene.start();
    expect(await ask('db-2')).toMatchObject({ exitCode: 0 });
  });
});

test('the same question again gets the same answer, whatever the annotations say by now', async () => {
  const uid = scene.pod('first', { metadata: { annotations: { 'berth.dev/ips': '10.244.1.77' } } });
  const ask = { id: 'first', args: argsOf('first', uid) };
  const before = await scene.small.add(ask);
  scene.pod('first', { metadata: { annotations: { 'berth.dev/ips': 'nonsense' } } });
  await scene.pass(100);
  expect(await scene.small.call('ADD', ask)).toEqual(before);
});

test('a further interface of the pod does not ask for the address of the first', async () => {
  await add('two', { 'berth.dev/ips': '10.244.1.77' });
  const uid = scene.store.get({ resource: PODS, namespace: 'web', name: 'two' }).metadata.uid;
  const further = await scene.small.add({ id: 'two', ifname: 'net1', args: argsOf('two', uid) });
  expect(further).toMatchObject({ exitCode: 0 });
  expect(further.ips).not.toContain('10.244.1.77');
});
