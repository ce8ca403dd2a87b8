import { expect } from 'vitest';
import type { KubeObject } from '../../wire/kube/object.ts';
import { readOwnNode, taintPatch } from '../../wire/kube/own-node.ts';
import { CONFIG_MAPS, LEASES, NODES, type Place, type Selection } from '../../wire/kube/resource.ts';
import type { WatchEvent } from '../../wire/kube/watch.ts';
import { type KubeClient, KubeError, type KubeErrorKind } from './client.ts';

// What the door to the API server promises, as cases for whoever is behind it: a store in memory, its HTTP, a real
// kube-apiserver. Each case works in a namespace of its own, which exists and is empty.

export interface KubeCase {
  readonly name: string;
  readonly run: (scene: KubeScene) => Promise<void>;
}

export interface KubeScene {
  readonly client: KubeClient;
  readonly namespace: string;
}

export const kubeCases: readonly KubeCase[] = [
  {
    name: 'what was made is there, once; what is removed is gone, and removing it again is no failure',
    run: async ({ client, namespace }) => {
      const at = place(namespace, 'one');
      const made = await client.create(at, configMap('one', { a: '1' }));
      expect(made.metadata).toMatchObject({ name: 'one', namespace });
      expect(made.metadata.uid).not.toBe('');
      expect(await client.get(at)).toMatchObject({ data: { a: '1' } });
      await fails('exists', client.create(at, configMap('one', {})));
      await client.remove(at);
      await client.remove(at);
      await fails('absent', client.get(at));
    },
  },
  {
    name: 'what is removed on a condition stays when it is another by now, or was changed',
    run: async ({ client, namespace }) => {
      const at = place(namespace, 'bound');
      const first = (await client.create(at, configMap('bound', { a: '1' }))).metadata;
      await client.patch(at, 'merge', { data: { a: '2' } });
      await fails('conflict', client.remove(at, { uid: first.uid, resourceVersion: first.resourceVersion }));
      await client.remove(at, { uid: first.uid });
      await client.remove(at, { uid: first.uid });
      await client.create(at, configMap('bound', {}));
      await fails('conflict', client.remove(at, { uid: first.uid }));
      expect(await client.get(at)).toMatchObject({ metadata: { name: 'bound' } });
    },
  },
  {
    name: 'a list comes in pages of one moment, and tells from where a watch goes on',
    run: async (scene) => {
      for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) await make(scene, name, {}, { set: 'pages' });
      const of = all(scene, 'set=pages');
      const first = await scene.client.list(of, { limit: 2 });
      expect(first.items).toHaveLength(2);
      await make(scene, 'p0', {}, { set: 'pages' });
      const second = await scene.client.list(of, { limit: 2, more: first.more });
      const third = await scene.client.list(of, { limit: 2, more: second.more });
      expect(names([...first.items, ...second.items, ...third.items])).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
      expect(third.more).toBeUndefined();
      const heard = await hearing(scene, { of, from: first.resourceVersion, until: 1 }, async () => {});
      expect(heard).toEqual(['added p0']);
    },
  },
  {
    name: 'a watch tells what happened since, and what happens, in order',
    run: async (scene) => {
      const of = all(scene, 'set=watch');
      const { resourceVersion } = await scene.client.list(of, { limit: 0 });
      await make(scene, 'w1', { a: '1' }, { set: 'watch' });
      const heard = await hearing(scene, { of, from: resourceVersion, until: 4 }, async () => {
        await scene.client.patch(place(scene.namespace, 'w1'), 'merge', { data: { a: '2' } });
        await make(scene, 'w2', {}, { set: 'watch' });
        await scene.client.remove(place(scene.namespace, 'w1'));
      });
      expect(heard).toEqual(['added w1', 'changed w1', 'added w2', 'removed w1']);
    },
  },
  {
    name: 'of a watch that has ended nothing is heard any more',
    run: async (scene) => {
      const of = all(scene, 'set=ended');
      const { resourceVersion } = await scene.client.list(of, { limit: 0 });
      const heard = await hearing(scene, { of, from: resourceVersion, until: 1 }, () =>
        make(scene, 'e1', {}, { set: 'ended' }),
      );
      await make(scene, 'e2', {}, { set: 'ended' });
      const later = await hearing(scene, { of, from: resourceVersion, until: 2 }, async () => {});
      // both come at once, and the first is enough
      const first = await hearing(scene, { of, from: resourceVersion, until: 1 }, async () => {});
      expect([heard, later, first]).toEqual([['added e1'], ['added e1', 'added e2'], ['added e1']]);
    },
  },
  {
    name: 'what leaves a selection is removed from it, what enters it is added',
    run: async (scene) => {
      const of = all(scene, 'set=in');
      const { resourceVersion } = await scene.client.list(of, { limit: 0 });
      await make(scene, 's1', {}, { set: 'out' });
      const move = (set: string) =>
        scene.client.patch(place(scene.namespace, 's1'), 'merge', { metadata: { labels: { set } } });
      const heard = await hearing(scene, { of, from: resourceVersion, until: 2 }, async () => {
        await move('in');
        await move('out');
      });
      expect(heard).toEqual(['added s1', 'removed s1']);
    },
  },
  {
    name: 'a write of what is no longer so is a conflict, and changes nothing',
    run: async (scene) => {
      const at: Place = { resource: LEASES, namespace: scene.namespace, name: 'held' };
      const made = await scene.client.create(at, lease('held', 'first'));
      const taken = await scene.client.replace(at, { ...made, spec: { ...spec(made), holderIdentity: 'second' } });
      expect(taken.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
      await fails('conflict', scene.client.replace(at, { ...made, spec: { ...spec(made), holderIdentity: 'third' } }));
      expect(await scene.client.get(at)).toMatchObject({ spec: { holderIdentity: 'second' } });
    },
  },
  {
    name: 'server-side apply makes, changes and forgets fields of its manager; others’ are a conflict unless forced',
    run: async ({ client, namespace }) => {
      const at = place(namespace, 'applied');
      const apply = (manager: string, data: object, force = false) =>
        client.apply(at, { ...configMap('applied', {}), data }, { manager, force });
      await apply('one', { a: '1', b: '1' });
      await apply('two', { c: '2' });
      await fails('conflict', apply('two', { a: '2', c: '2' }));
      expect(await apply('two', { a: '2', c: '2' }, true)).toMatchObject({ data: { a: '2', b: '1', c: '2' } });
      expect((await apply('two', { c: '2' }))['data']).toEqual({ b: '1', c: '2' });
    },
  },
  {
    name: 'patches: merged, or only where what was expected is there',
    run: async ({ client, namespace }) => {
      const at = place(namespace, 'patched');
      await client.create(at, configMap('patched', { a: '1', b: '1' }));
      expect((await client.patch(at, 'merge', { data: { a: null, c: '3' } }))['data']).toEqual({ b: '1', c: '3' });
      const swap = (expected: string) =>
        client.patch(at, 'json', [
          { op: 'test', path: '/data/b', value: expected },
          { op: 'replace', path: '/data/b', value: '2' },
        ]);
      await fails('invalid', swap('9'));
      expect((await swap('1'))['data']).toEqual({ b: '2', c: '3' });
    },
  },
  {
    name: 'a strategic patch changes one condition of a Node and one of its resources; its taints are one list',
    run: async ({ client, namespace: name }) => {
      const at: Place = { resource: NODES, name };
      const taint = (key: string) => ({ key: `berth.test/${key}`, effect: 'NoSchedule' });
      const taintsOf = (node: KubeObject) => readOwnNode(node).taints.filter((key) => key.startsWith('berth.test/'));
      const spec = { taints: [taint('a'), taint('b')] };
      await client.create({ resource: NODES }, { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec });
      const tell = (status: object) => client.patch({ ...at, part: 'status' }, 'strategic', { status });
      const condition = (type: string, status: string) => ({ type, status, reason: 'Told', message: '' });
      await tell({ conditions: [condition('One', 'True')], capacity: { 'berth.test/a': '1' } });
      await tell({ conditions: [condition('Two', 'True')], capacity: { 'berth.test/b': '2' } });
      const told = await tell({ conditions: [condition('One', 'False')] });
      expect(told['status']).toMatchObject({
        conditions: expect.arrayContaining([
          expect.objectContaining({ type: 'One', status: 'False' }),
          expect.objectContaining({ type: 'Two', status: 'True' }),
        ]),
        capacity: { 'berth.test/a': '1', 'berth.test/b': '2' },
      });
      const first = taintPatch(told, 'berth.test/a', undefined) ?? {};
      const second = taintPatch(told, 'berth.test/c', 'NoSchedule') ?? {};
      const without = await client.patch(at, 'merge', first);
      expect(taintsOf(without)).toEqual(['berth.test/b']);
      await fails('conflict', client.patch(at, 'merge', second)); // made before
      const tainted = await client.patch(at, 'merge', taintPatch(without, 'berth.test/c', 'NoSchedule') ?? {});
      expect(taintsOf(tainted)).toEqual(['berth.test/b', 'berth.test/c']);
      expect(taintPatch(tainted, 'berth.test/c', 'NoSchedule')).toBeUndefined();
      await client.patch(at, 'strategic', { spec: { taints: [taint('d')] } });
      expect(taintsOf(await client.get(at))).toEqual(['berth.test/d']);
      await client.remove(at);
    },
  },
  {
    name: 'a watch ends when its time is up, and when nobody wants it any more',
    run: async (scene) => {
      const of = all(scene, 'set=none');
      const { resourceVersion } = await scene.client.list(of, { limit: 0 });
      await scene.client.watch(of, { resourceVersion, seconds: 1 }, () => {}, AbortSignal.timeout(30_000));
      const stopping = new AbortController();
      const watched = scene.client.watch(of, { resourceVersion, seconds: 300 }, () => {}, stopping.signal);
      stopping.abort();
      await watched;
    },
  },
  {
    name: 'what nobody knows is absent, a kind that nobody knows unserved, and each says what was asked for',
    run: async ({ client, namespace }) => {
      const nowhere: Place = { ...place(namespace, 'x'), resource: { ...CONFIG_MAPS, plural: 'nothings' } };
      expect(await fails('unserved', client.get(nowhere))).toContain('nothings');
      expect(await fails('absent', client.patch(place(namespace, 'x'), 'merge', {}))).toContain('"x"');
    },
  },
];

function place(namespace: string, name: string): Place {
  return { resource: CONFIG_MAPS, namespace, name };
}

function all({ namespace }: KubeScene, labels: string): Selection {
  return { resource: CONFIG_MAPS, namespace, labels };
}

async function make({ client, namespace }: KubeScene, name: string, data: object, labels: object): Promise<void> {
  const object = configMap(name, data);
  await client.create(place(namespace, name), { ...object, metadata: { ...object.metadata, labels } });
}

function configMap(name: string, data: object) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

function lease(name: string, holderIdentity: string) {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: { holderIdentity } };
}

function spec(object: KubeObject): object {
  return object['spec'] as object;
}

function names(objects: readonly KubeObject[]): readonly string[] {
  return objects.map(({ metadata }) => metadata.name).sort();
}

/** What a watch tells while something is done, "kind name" each; bookmarks are not counted. */
async function hearing(
  { client }: KubeScene,
  of: { readonly of: Selection; readonly from: string; readonly until: number },
  act: () => Promise<void>,
): Promise<readonly string[]> {
  const heard: string[] = [];
  const enough = new AbortController();
  const hear = (event: WatchEvent) => {
    if (event.kind === 'bookmark' || event.kind === 'failed') return;
    heard.push(`${event.kind} ${event.object.metadata.name}`);
    if (heard.length >= of.until) enough.abort();
  };
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(20_000)]);
  const watched = client.watch(of.of, { resourceVersion: of.from, seconds: 300 }, hear, signal);
  await act();
  await watched;
  return heard;
}

/** Fails as expected; answers the words. */
async function fails(kind: KubeErrorKind, asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KubeError);
  expect(error).toMatchObject({ kind });
  return (error as KubeError).message;
}
