import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeError } from '../../io/kube/client.ts';
import { createControllerMetrics } from '../../io/system/controller-metrics.ts';
import { NODES, PODS } from '../../wire/kube/resource.ts';
import type { Controller } from './controller.ts';
import { controllerRoutes } from './routes.ts';
import { Replicas } from './testing/replicas.ts';

let replicas: Replicas;

beforeEach(() => {
  replicas = new Replicas();
});
afterEach(() => replicas.close());

const request = { method: 'GET', path: '/', query: new URLSearchParams(), body: '', authorization: '' };

async function asked(controller: Controller, path: '/healthz' | '/readyz' | '/metrics') {
  const routes = controllerRoutes(controller, { metrics: createControllerMetrics('1.2.3'), callsWaiting: () => ({}) });
  const answer = await routes[`GET ${path}`]?.(request);
  return { status: answer?.status ?? 200, body: String(answer?.body) };
}

test('a replica is ready once it knows the cluster, whether it leads or not, and stays so without the API server', async () => {
  const { controller, client } = await replicas.start('first');
  const second = await replicas.start('second');
  expect(await asked(second.controller, '/readyz')).toMatchObject({ status: 200 });
  client.fail(new KubeError('unreachable', 'away'));
  await replicas.pass(1_000);
  expect(await asked(controller, '/readyz')).toMatchObject({ status: 200 });
});

test('a replica that does not know the cluster yet says what it lacks, and lives', async () => {
  const { controller, client } = await replicas.start('first');
  await controller.stop();
  client.fail(new KubeError('unreachable', 'away'));
  const { controller: late } = await replicas.start('late', '', { client });
  expect(await asked(late, '/readyz')).toMatchObject({
    status: 503,
    body: expect.stringContaining('nodes: away') as string,
  });
  expect(await asked(late, '/healthz')).toMatchObject({ status: 200 });
});

test('metrics tell of each resource once, though several copies of it are kept', async () => {
  replicas.store.create({ resource: NODES }, { metadata: { name: 'one' } });
  replicas.store.create({ resource: PODS, namespace: 'web' }, { metadata: { name: 'a' } });
  const { controller } = await replicas.start('first');
  const { body } = await asked(controller, '/metrics');
  expect(body).toContain('berth_controller_objects{resource="nodes"} 1\n');
  expect(body).toContain('berth_controller_objects{resource="pods"} 1\n');
});
