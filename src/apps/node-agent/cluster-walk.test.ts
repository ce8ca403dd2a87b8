import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KubeError } from '../../io/kube/client.ts';
import { ClusterScene } from './testing/cluster-scene.ts';

let scene: ClusterScene;

beforeEach(() => {
  scene = new ClusterScene();
});
afterEach(() => scene.small.close());

const away = new KubeError('unreachable', 'the API server at 10.0.0.1:6443 does not answer');
const status = () => scene.small.call('STATUS', { id: '' });

describe('the ranges of a node', () => {
  test('K1: are those of its Node, of both families', async () => {
    scene.node('small', '192.0.2.1', '10.244.1.0/24', 'fd00:1::/64');
    await scene.start();
    expect((await scene.small.add({ id: 'aaaa' })).ips).toEqual(['10.244.1.2', 'fd00:1::2']);
    expect(await status()).toMatchObject({ exitCode: 0 });
  });

  test('K1: until they are there STATUS says what is lacking, and an ADD is told the same', async () => {
    scene.node('small', '192.0.2.1');
    await scene.start();
    expect(await status()).toMatchObject({ code: 50, says: expect.stringContaining('has no spec.podCIDRs yet') });
    const asked = scene.small.add({ id: 'aaaa' });
    await scene.pass(6_000);
    expect(await asked).toMatchObject({ code: 11, says: expect.stringContaining('has no spec.podCIDRs yet') });
  });

  test('K1: an ADD that waits is served as soon as they are there', async () => {
    scene.node('small', '192.0.2.1');
    await scene.start();
    const asked = scene.small.add({ id: 'aaaa' });
    await scene.pass(1_000);
    scene.node('small', '192.0.2.1', '10.244.1.0/24');
    await scene.pass(1_000);
    expect(await asked).toMatchObject({ exitCode: 0, ips: ['10.244.1.2'] });
    expect(await status()).toMatchObject({ exitCode: 0 });
  });

  test('a node that the cluster does not know is told how it may be called otherwise', async () => {
    scene.node('other', '192.0.2.2', '10.244.2.0/24');
    await scene.start();
    expect((await status()).says).toContain('no Node named small');
    scene.node('small', '192.0.2.1', '10.244.1.0/24');
    await scene.pass(1_000);
    expect(await status()).toMatchObject({ exitCode: 0 });
  });

  test('an API server that does not answer is named as the reason', async () => {
    scene.client.fail(away);
    await scene.start();
    expect((await status()).says).toContain('10.0.0.1:6443 does not answer');
    scene.node('small', '192.0.2.1', '10.244.1.0/24');
    scene.client.fail(undefined);
    await scene.pass(40_000);
    expect(await status()).toMatchObject({ exitCode: 0 });
  });

  test('a file that has ranges of its own keeps them', async () => {
    await scene.small.close();
    scene = new ClusterScene(['10.9.0.0/24']);
    scene.node('small', '192.0.2.1', '10.244.1.0/24');
    await scene.start();
    expect((await scene.small.add({ id: 'aaaa' })).ips).toEqual(['10.9.0.2']);
  });
});

describe('the other nodes', () => {
  beforeEach(async () => {
    await scene.small.close();
    scene = new ClusterScene([], {});
    scene.node('small', '192.0.2.1', '10.244.1.0/24');
    scene.node('near', '192.0.2.2', '10.244.2.0/24');
    await scene.start();
  });

  test('K8: a node on the same link has a route by its address, on the link that this node is known by', () => {
    expect(scene.ways()).toEqual([expect.stringContaining('10.244.2.0/24 via 192.0.2.2')]);
    expect(scene.ways()[0]).toContain('eth0');
  });

  test('K9: a node that comes, changes and goes has its route made, changed and taken away', async () => {
    scene.node('late', '192.0.2.3', '10.244.3.0/24');
    await scene.pass(500);
    expect(scene.ways()).toHaveLength(2);
    scene.node('late', '192.0.2.4', '10.244.3.0/24');
    await scene.pass(500);
    expect(scene.ways()[1]).toContain('via 192.0.2.4');
    scene.removeNode('late');
    scene.removeNode('near');
    await scene.pass(500);
    expect(scene.ways()).toEqual([]);
  });

  test('K8: a node on another link is reached through the tunnel, as soon as it is there, of both families', async () => {
    const { network } = scene.small.agent.parts.node.config;
    await scene.small.close();
    scene = new ClusterScene([], { network: { ...network, ranges: [], tunnel: { ...network.tunnel, use: 'auto' } } });
    scene.node('small', '192.0.2.1', '10.244.1.0/24', 'fd00:1::/64');
    scene.node('near', '192.0.2.2', '10.244.2.0/24');
    await scene.start();
    expect(scene.ways().filter((line) => line.includes('berth-vx'))).toEqual([]);
    scene.node('far', '198.51.100.9', '10.244.3.0/24', 'fd00:3::/64');
    await scene.pass(500);
    const ways = scene.ways().filter((line) => line.startsWith('route'));
    expect(ways).toEqual([
      expect.stringMatching(/10\.244\.2\.0\/24 via 192\.0\.2\.2 .*eth0/),
      expect.stringMatching(/10\.244\.3\.0\/24 via .*berth-vx/),
      expect.stringMatching(/fd00:3::\/64 via .*berth-vx/),
    ]);
    scene.removeNode('far');
    await scene.pass(500);
    expect(scene.small.standing().filter((line) => line.includes('berth-vx'))).toEqual([]);
  });

  test('towards other nodes’ pods a pod keeps its own address, nobody had to write the ranges', () => {
    const kept = scene.small.standing().filter((line) => line.startsWith('element') && line.includes('internal'));
    expect(kept.join('\n')).toContain('10.244.2.0/24');
    expect(kept.join('\n')).toContain('192.0.2.2');
  });

  test('a burst of nodes changes the node’s plan a few times, not once each', async () => {
    const before = scene.small.logged.filter((line) => line === 'info cluster learnt').length;
    for (let i = 3; i < 200; i++) scene.node(`n${i}`, `192.0.2.${i}`, `10.244.${i}.0/24`);
    await scene.pass(2_000);
    expect(scene.ways()).toHaveLength(198);
    expect(scene.small.logged.filter((line) => line === 'info cluster learnt').length - before).toBeLessThan(4);
  });

  test('what a node tells every few seconds changes nothing', async () => {
    const before = scene.small.logged.length;
    const { store } = scene;
    const node = {
      resource: { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false },
      name: 'near',
    };
    for (let i = 0; i < 5; i++) store.patch(node, 'merge', { status: { heartbeat: `${i}` } });
    await scene.pass(2_000);
    expect(scene.small.logged).toHaveLength(before);
  });
});

describe('without the API server', () => {
  beforeEach(async () => {
    scene.node('small', '192.0.2.1', '10.244.1.0/24');
    scene.node('near', '192.0.2.2', '10.244.2.0/24');
    await scene.start();
    await scene.small.add({ id: 'aaaa' });
  });

  test('A24: a restart serves from what is on record, within seconds', async () => {
    const standing = scene.small.standing();
    scene.client.fail(away);
    await scene.small.stop();
    const began = scene.small.clock.now();
    await scene.start();
    expect(scene.small.clock.now() - began).toBeLessThan(5_000);
    expect(await status()).toMatchObject({ exitCode: 0 });
    expect(scene.small.standing()).toEqual(standing);
    expect((await scene.small.add({ id: 'bbbb' })).ips).toEqual(['10.244.1.3']);
  });

  test('A24: the same of an API server that takes the question and never answers', async () => {
    await scene.small.stop();
    scene.client.silence();
    const began = scene.small.clock.now();
    await scene.start();
    expect(scene.small.clock.now() - began).toBeLessThan(5_000);
    expect((await scene.small.add({ id: 'bbbb' })).ips).toEqual(['10.244.1.3']);
  });

  test('what the cluster became meanwhile counts as soon as it can be heard', async () => {
    await scene.small.stop();
    scene.removeNode('near');
    scene.node('small', '192.0.2.1', '10.244.9.0/24');
    await scene.start();
    expect(scene.ways()).toEqual([]);
    expect((await scene.small.add({ id: 'bbbb' })).ips).toEqual(['10.244.9.2']);
    expect(await scene.small.call('DEL', { id: 'aaaa' })).toMatchObject({ exitCode: 0 });
  });

  test('while it is away all works on, and status says that changes are not heard', async () => {
    scene.client.fail(away);
    await scene.pass(60_000);
    expect((await scene.small.add({ id: 'bbbb' })).ips).toEqual(['10.244.1.3']);
    expect(await status()).toMatchObject({ exitCode: 0 });
    expect(scene.small.agent.parts.cluster?.trouble).toMatchObject({ kind: 'unreachable' });
  });

  test('a Node that goes while we run takes nothing from its pods', async () => {
    const standing = scene.small.standing().filter((line) => !line.includes('10.244.2.'));
    scene.removeNode('small');
    await scene.pass(2_000);
    for (const line of standing) expect(scene.small.standing()).toContain(line);
    expect(await status()).toMatchObject({ exitCode: 0 });
  });
});
