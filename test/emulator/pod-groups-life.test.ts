import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NIC_CONFIGS } from '../../src/wire/kube/crd/nic-config.ts';
import { PODS } from '../../src/wire/kube/resource.ts';
import { until } from '../agent/node-space.ts';
import { isRoot } from '../kernel/space.ts';
import { GroupScene, PATIENCE_MS } from './group-scene.ts';
import { SkippingClock } from './skipping-clock.ts';

// NICs of single pods as they come and go: ahead of their pods, where the node says, over restarts, and switched off.

let scene: GroupScene;

describe.skipIf(!isRoot)('strict, before the runtime asks, and where the node says', { timeout: 60_000 }, () => {
  beforeAll(async () => void (scene = await GroupScene.open('strict')), 60_000);
  afterAll(() => scene.close(), 60_000);

  test('A49: a pod that is bound has its NIC made before its runtime asks, and one that needs none has none', async () => {
    scene.bind(0, 'plain', {});
    scene.bind(0, 'ahead', { labels: { app: 'web' } });
    scene.bind(0, 'teller', { namespace: 'bank', account: 'teller' });
    const free = () =>
      [...(scene.nodes[0]?.agent.parts.branches?.book.branches.values() ?? [])].map(({ state }) => state.is);
    await until(10_000, 'two are there', () => Promise.resolve(free().join() === 'free,free'));
    const made = scene.region.count('CreateNetworkInterface');
    const ahead = await scene.start(0, 'ahead');
    expect(scene.branchOf(ahead)).toMatchObject({ groups: [scene.web] });
    expect(scene.branchOf(await scene.start(0, 'teller', { namespace: 'bank' }))?.groups).toEqual([scene.web]);
    expect(scene.region.count('CreateNetworkInterface')).toBe(made);
    expect(await scene.actor('node-2').seen(ahead.address, { port: 80 })).toBe(scene.ipOf('node-2'));
  });

  test('A47, A49: where the node’s NICConfig says, with packets, and with the pod’s groups', async () => {
    scene.make(NIC_CONFIGS, 'default', { spec: { subnet: scene.region.subnet('pods'), securityGroups: [] } });
    await scene.restart(1, 'strict', { cloud: ', nicConfigs: node' });
    const own = await scene.pod(1, 'placed', { labels: { app: 'web' } });
    expect(scene.branchOf(own)).toMatchObject({ groups: [scene.web], subnet: scene.region.subnet('pods') });
    expect(own.address).toMatch(/^10\.0\.2\./);
    expect(await scene.actor('node-1').seen(own.address, { port: 80 })).toBe(scene.ipOf('node-1'));
    expect(await scene.actor('node-2').seen(own.address, { port: 80 })).toBe(scene.ipOf('node-2'));
    expect(await scene.actor('node-1').seen(own.address, { port: 81, patienceMs: PATIENCE_MS })).toBe('nothing');
  });
});

describe.skipIf(!isRoot)('strict, and things go wrong', { timeout: 90_000 }, () => {
  beforeAll(async () => void (scene = await GroupScene.open('strict')), 60_000);
  afterAll(() => scene.close(), 60_000);

  test('A49: a pod keeps its NIC over a restart of the agent, and what nobody remembers serves others', async () => {
    const own = await scene.pod(0, 'own', { labels: { app: 'web' } });
    const before = scene.branchOf(own)?.id;
    await scene.restart();
    expect(await scene.actor('node-1').seen(own.address, { port: 80 })).toBe(scene.ipOf('node-1'));
    const next = await scene.pod(0, 'next', { labels: { app: 'web' } });
    expect(scene.branchOf(next)?.id).not.toBe(before);
    expect(scene.branchOf(own)?.id).toBe(before);
    await scene.nodes[0]?.remove({ ...own, name: `node-1/own` });
    expect(scene.nodes[0]?.agent.parts.attachments.count).toBe(1);
  });

  test('A49, A56: rules and routes that somebody takes from such a pod are put back, and CHECK says so until then', async () => {
    const on = scene.nodes[0] ?? expect.fail('no node');
    const own = await scene.pod(0, 'mended', { labels: { app: 'web' } });
    const { vlan } = [...on.agent.parts.attachments.all()].find(({ pod: it }) => it?.name === 'mended')?.branch ?? {};
    const table = `${10_000 + (vlan ?? 0)}`;
    expect(await on.check(own)).toBe('');
    await scene.inMachine('node-1', `ip rule del pref 10 table ${table}; ip route flush table ${table}`);
    expect(await on.check(own)).toMatch(new RegExp(`10 iif .* table ${table} is missing`));
    await until(10_000, 'it is mended', async () => (await on.check(own)) === '');
    expect(await scene.actor('node-1').seen(own.address, { port: 80 })).toBe(scene.ipOf('node-1'));
    expect(await scene.inMachine('node-1', 'ip rule')).toMatch(/^10:.*[^]*^20:\s+from all lookup local/m);
    await on.remove(own);
  });

  test('A49: ports of the node are refused in words, and so is the pod that the trunk has no room for', async () => {
    const on = scene.nodes[0] ?? expect.fail('no node');
    scene.make(PODS, 'ports', { namespace: 'shop', labels: { app: 'web' }, spec: { nodeName: on.name } });
    const uid = scene.store.get({ resource: PODS, namespace: 'shop', name: 'ports' }).metadata.uid;
    const args = `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=ports;K8S_POD_UID=${uid}`;
    const refused = on.pod('ports', [{ hostPort: 8081, containerPort: 81, protocol: 'tcp' }], args);
    await expect(refused).rejects.toThrow('cannot have ports of its node there');
    const names = Array.from({ length: 12 }, (_, i) => `many${i}`);
    const came = await Promise.allSettled(names.map((name) => scene.pod(0, name, { labels: { app: 'web' } })));
    const no = came.flatMap((it) => (it.status === 'rejected' ? String(it.reason) : []));
    expect(no.length).toBeGreaterThan(0);
    for (const said of no) expect(said).toMatch(/trunk carries 9 at most/);
    expect(scene.branches().length).toBeLessThanOrEqual(9);
  });

  test('A49: while nobody tells whether a pod is to have groups of its own, it is not let in among the others', async () => {
    const [on] = scene.nodes;
    const nobody = on?.pod('nobody', [], 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=nobody;K8S_POD_UID=nobody');
    await expect(nobody).rejects.toThrow('whether the pod is to have security groups of its own is not known');
  });
});

describe.skipIf(!isRoot)('strict, and then off', { timeout: 60_000 }, () => {
  beforeAll(async () => void (scene = await GroupScene.open('strict')), 60_000);
  afterAll(() => scene.close(), 60_000);

  test('A49: switched off a pod keeps its NIC until it goes; those that none has go, and the trunk after the last', async () => {
    const [own, other] = [
      await scene.pod(0, 'own', { labels: { app: 'web' } }),
      await scene.pod(0, 'other', { labels: { app: 'web' } }),
    ];
    await scene.nodes[0]?.remove({ ...other, name: 'node-1/other' });
    const clock = new SkippingClock();
    await scene.restart(0, 'off', { clock });
    const kinds = () =>
      [...scene.region.world.cloud.nics.values()]
        .flatMap(({ kind }) => (kind === 'interface' ? [] : [kind]))
        .toSorted()
        .join();
    const come = (to: string) =>
      until(20_000, `it is ${to}`, () => {
        clock.skip(1_000);
        return Promise.resolve(kinds() === to);
      });
    await come('branch,trunk');
    expect(scene.branchOf(own)).toMatchObject({ groups: [scene.web], state: 'in-use' });
    expect(await scene.actor('node-1').seen(own.address, { port: 80 })).toBe(scene.ipOf('node-1'));
    const plain = await scene.pod(0, 'plain', { labels: { app: 'web' } });
    expect(scene.branchOf(plain)).toBeUndefined();
    await scene.nodes[0]?.remove({ ...own, name: 'node-1/own' });
    await come('');
  });
});
