import { setTimeout as sleep } from 'node:timers/promises';
import { type KubeClient, KubeError } from '../../src/io/kube/client.ts';
import { BERTH_NODES } from '../../src/wire/kube/crd/berth-node.ts';
import { NODES, PODS, type Resource } from '../../src/wire/kube/resource.ts';
import { definitionObjects } from '../deploy/controller-objects.ts';
import { berthNodeObject, nodeObject, POD_NAMESPACE, podObject, type Size } from './population.ts';

const AT_ONCE = 48;
const TRIES = 200;
const PAUSE_MS = 100;

const DEFINITIONS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** Makes a cluster's objects, one by one, as everybody does. */
export async function fill(client: KubeClient, { nodes, pods }: Size): Promise<void> {
  const [inNamespace, ofBerth] = [{ resource: PODS, namespace: POD_NAMESPACE }, { resource: BERTH_NODES }];
  for (const object of definitionObjects()) await client.create({ resource: DEFINITIONS }, object);
  await patiently(() => client.list(ofBerth, { limit: 1 })); // a kind is known a moment after its definition
  await each(nodes, (i) => client.create({ resource: NODES }, nodeObject(i)));
  await each(nodes, (i) => client.create(ofBerth, berthNodeObject(i)));
  await each(pods, (i) => client.create(inNamespace, podObject(i, nodes)));
}

async function each(count: number, make: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < count; i = next++) await patiently(() => make(i));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Again while the server has something else to do. What is there was made by a try whose answer was lost. */
async function patiently(ask: () => Promise<unknown>): Promise<void> {
  for (let i = 1; ; i++)
    try {
      await ask();
      return;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.kind === 'exists') return;
      if (i === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
}
