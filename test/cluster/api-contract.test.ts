import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silent } from '../../src/base/log.ts';
import { seeded } from '../../src/base/random.ts';
import { Elector } from '../../src/io/kube/elector.ts';
import { Informer } from '../../src/io/kube/informer.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { httpClient } from '../../src/io/kube/http-client.ts';
import { kubeCases } from '../../src/io/kube/kube-cases.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { writeEvent } from '../../src/wire/kube/event.ts';
import { type NodeShape, readNode, readServiceRanges } from '../../src/wire/kube/node.ts';
import { EVENTS, NODES, type Resource, SERVICE_RANGES } from '../../src/wire/kube/resource.ts';
import { until } from '../runtime/node.ts';
import { canRun, RealApiServer } from './api-server.ts';

const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

let server: RealApiServer;
let client: KubeClient;

beforeAll(async () => {
  if (!canRun) return;
  server = await RealApiServer.open();
  client = httpClient(server.access);
  const ready = () =>
    namespace('default').then(
      () => true,
      (error: { kind?: string }) => error.kind === 'exists',
    );
  await until(60_000, 'the API server serves', ready);
}, 150_000);
afterAll(async () => {
  client?.close();
  await server?.close();
}, 30_000);

function namespace(name: string) {
  return client.create({ resource: NAMESPACES }, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

describe.skipIf(!canRun)('a real kube-apiserver', () => {
  test.each(kubeCases)('$name', async ({ run }) => {
    const name = server.unique;
    await namespace(name);
    await run({ client, namespace: name });
  });

  test('tells its Services’ range', async () => {
    const { items } = await client.list({ resource: SERVICE_RANGES }, { limit: 500 });
    expect(items.flatMap(readServiceRanges)).toEqual(['10.96.0.0/16']);
  });

  test('takes our Events, and counts them on', async () => {
    const of = { resource: EVENTS, namespace: 'default' };
    const about = { kind: 'Node', name: 'n1', uid: 'n1' } as const;
    const words = { type: 'Warning', reason: 'NoAddress', message: 'none', count: 1, firstAt: 0, lastAt: 0 } as const;
    await client.create(of, writeEvent({ namespace: 'default', name: 'n1.abc', about, node: 'n1', ...words }));
    const patched = await client.patch({ ...of, name: 'n1.abc' }, 'merge', { count: 2 });
    expect(patched).toMatchObject({ count: 2, involvedObject: { name: 'n1' } });
  });

  test('is followed by a copy: nodes that come, change and go, page by page', async () => {
    const told: string[] = [];
    const make = (name: string) =>
      client.create(
        { resource: NODES },
        {
          apiVersion: 'v1',
          kind: 'Node',
          metadata: { name },
          spec: { podCIDRs: ['10.1.0.0/24'], podCIDR: '10.1.0.0/24' },
        },
      );
    await make('n1');
    const informer = new Informer<NodeShape>(
      { client, clock: realClock, random: seeded(1), log: silent },
      { select: { resource: NODES }, read: readNode, hear: ({ kind, key }) => void told.push(`${kind} ${key}`) },
    );
    informer.start();
    await until(10_000, 'the first is known', async () => told.length === 1);
    await make('n2');
    await client.patch({ resource: NODES, name: 'n1' }, 'merge', { metadata: { labels: { a: 'b' } } }); // no news
    await client.patch({ resource: NODES, name: 'n1' }, 'merge', { spec: { unschedulable: true } });
    await client.remove({ resource: NODES, name: 'n2' });
    await until(10_000, 'all is told', async () => told.length === 4);
    expect(told).toEqual(['added n1', 'added n2', 'changed n1', 'removed n2']);
    expect(informer.get('n1')).toMatchObject({ ranges: ['10.1.0.0/24'], cordoned: true });
    informer.stop();
  });

  test('has a Lease of which one of two leads, and the other when the first goes', async () => {
    const told: string[] = [];
    const one = (me: string) => {
      const led = { began: () => void told.push(`${me} began`), ended: () => void told.push(`${me} ended`) };
      const doors = { client, clock: realClock, random: seeded(me.length), log: silent };
      const elector = new Elector(doors, { namespace: 'default', name: 'berth', me }, led);
      elector.start();
      return elector;
    };
    const first = one('first');
    await until(10_000, 'the first leads', async () => first.leads);
    const second = one('second');
    await first.stop();
    await until(10_000, 'the second leads', async () => second.leads);
    expect(told).toEqual(['first began', 'first ended', 'second began']);
    await second.stop();
  });
});
