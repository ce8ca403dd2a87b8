import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KubeError } from '../../io/kube/client.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { cloudDefaults } from '../../io/config/cloud-defaults.ts';
import type { PodIpsName } from '../../wire/kube/pod-ips.ts';
import { loose } from '../../wire/kube/object.ts';
import { PODS } from '../../wire/kube/resource.ts';
import { argsOf, ClusterScene } from './testing/cluster-scene.ts';

let scene: ClusterScene;

beforeEach(() => open('berth.dev/pod-ips'));
afterEach(() => scene.small.close());

async function open(...podIps: readonly PodIpsName[]): Promise<void> {
  scene = new ClusterScene([], { kubernetes: { ...cloudDefaults().kubernetes, podIps } });
  scene.node('small', '192.0.2.1', '10.244.1.0/24', 'fd00:1::/64');
  await scene.start();
}

const annotations = (name: string) =>
  loose(scene.store.get({ resource: PODS, namespace: 'web', name }).metadata['annotations']);
/** A pod and its ADD. */
async function add(name: string) {
  const uid = scene.pod(name);
  return scene.small.add({ id: name, args: argsOf(name, uid) });
}

test('A67: a pod has its addresses in an annotation before its ADD is answered, and no longer after its DEL', async () => {
  const { ips } = await add('web-1');
  expect(annotations('web-1')).toEqual({ 'berth.dev/pod-ips': ips.join(',') });
  await scene.small.call('DEL', { id: 'web-1' });
  await scene.pass(100);
  expect(annotations('web-1')).toEqual({});
});

test('A67: under the names that others look for, in their forms', async () => {
  await scene.small.close();
  await open('vpc.amazonaws.com/pod-ips', 'cni.projectcalico.org/podIP', 'cni.projectcalico.org/podIPs');
  const { ips } = await add('web-1');
  expect(annotations('web-1')).toEqual({
    'vpc.amazonaws.com/pod-ips': ips.join(','),
    'cni.projectcalico.org/podIP': `${ips[0]}/32`,
    'cni.projectcalico.org/podIPs': `${ips[0]}/32,${ips[1]}/128`,
  });
});

test('A67: an API server that does not answer holds up an ADD for a second; one that is away not at all, and hears it later', async () => {
  const uid = scene.pod('web-1');
  await scene.pass(100);
  scene.client.fail(new KubeError('unreachable', 'away'));
  expect(await scene.small.add({ id: 'web-1', args: argsOf('web-1', uid) })).toMatchObject({ exitCode: 0 });
  expect(annotations('web-1')).toEqual({});
  scene.client.fail(undefined);
  await scene.pass(60_000);
  expect(annotations('web-1')['berth.dev/pod-ips']).toBeDefined();

  const other = scene.pod('web-2');
  await scene.pass(100);
  scene.client.silence();
  const held = scene.small.add({ id: 'web-2', args: argsOf('web-2', other) });
  await scene.pass(1_100);
  expect(await held).toMatchObject({ exitCode: 0 });
});

test('A67: pods whose annotation is refused are tried ever more seldom, and have it when it is allowed', async () => {
  const uid = scene.pod('web-1');
  await scene.pass(100);
  let tries = 0;
  const patch = vi.spyOn(scene.client, 'patch');
  const { patch: real } = new FakeKubeClient(scene.store, scene.small.clock);
  patch.mockImplementation(async (at, ...more) => {
    if (at.resource !== PODS) return real(at, ...more);
    tries += 1;
    throw new KubeError('denied', 'a webhook is away');
  });
  await scene.small.add({ id: 'web-1', args: argsOf('web-1', uid) });
  await scene.pass(3_600_000);
  expect([tries > 8, tries < 25]).toEqual([true, true]);
  patch.mockImplementation(real);
  await scene.pass(310_000);
  expect(annotations('web-1')['berth.dev/pod-ips']).toBeDefined();
});

test('A15, A67: a late DEL of the forerunner takes nothing from the pod of its name', async () => {
  await add('web-0');
  scene.removePod('web-0');
  const uid = scene.pod('web-0');
  const { ips } = await scene.small.add({ id: 'anew', args: argsOf('web-0', uid) });
  await scene.small.call('DEL', { id: 'web-0' });
  await scene.pass(100);
  expect(annotations('web-0')).toEqual({ 'berth.dev/pod-ips': ips.join(',') });
});

test('what was left while no agent ran is put right when one starts, and nothing is written again and again', async () => {
  await add('gone');
  await add('stays');
  const before = annotations('stays');
  await scene.small.stop();
  const at = (name: string) => ({ resource: PODS, namespace: 'web', name });
  scene.store.patch(at('stays'), 'merge', { metadata: { annotations: { 'berth.dev/pod-ips': null } } });
  scene.store.patch(at('gone'), 'merge', { metadata: { annotations: { 'berth.dev/pod-ips': '10.9.9.9' } } });
  await scene.start();
  await scene.pass(6_000);
  expect(annotations('stays')).toEqual(before);
  expect(annotations('gone')['berth.dev/pod-ips']).toContain('10.244.1.'); // its pod is attached still
  const patches = scene.client.asked.filter((it) => it === 'patch pods').length;
  await scene.pass(60_000);
  expect(scene.client.asked.filter((it) => it === 'patch pods')).toHaveLength(patches);
});
