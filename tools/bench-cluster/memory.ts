import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/runtime/node.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isReady, podsOf } from '../torture-cluster/look.ts';
import { usageOf } from './agents.ts';
import { pod } from './pod-book.ts';

const READY_MS = 120_000;
const PODS = '/api/v1/namespaces/default/pods';

/** Who asks the cloud for what a node needs: its agent, with AWS's SDK, or the controller. */
export type Asker = 'agent' | 'controller';

export const ASKERS: readonly Asker[] = ['agent', 'controller'];

/** What an agent of the image keeps in memory, on an instance of the emulated AWS. */
export interface Memory {
  readonly asker: Asker;
  readonly pods: number;
  readonly idleMb: number;
  readonly fullMb: number; // with all these pods
}

/**
 * Measures the agent of the first node before its pods come, and when they have stood for a while. The API server of a
 * VPC is nobody's from here: it is asked through the cluster's door.
 */
export async function memory(
  cluster: Cluster,
  of: { readonly asker: Asker; readonly pods: number; readonly seconds: number; readonly tell: (line: string) => void },
): Promise<Memory> {
  const { asker, pods, seconds, tell } = of;
  const [worker] = cluster.workers;
  if (worker === undefined) throw new RangeError('a cluster without workers');
  await sleep(seconds * 1_000);
  const idleMb = usageOf(worker).rssMb;
  tell(`AWS, the ${asker} asks: ${pods} pods on one node`);
  await until(READY_MS, 'there is an account', () => accountIsThere(cluster));
  const names = Array.from({ length: pods }, (_, i) => `pod-${i + 1}`);
  await Promise.all(names.map((name) => cluster.plane.api.ask('POST', PODS, pod(name, worker.name))));
  await until(READY_MS, `${pods} pods are Ready`, async () => (await podsOf(cluster)).filter(isReady).length >= pods);
  await sleep(seconds * 1_000);
  return { asker, pods, idleMb, fullMb: usageOf(worker).rssMb };
}

/** A namespace's comes a moment after it, and pods want it. */
function accountIsThere({ plane }: Cluster): Promise<boolean> {
  return plane.api.ask('GET', '/api/v1/namespaces/default/serviceaccounts/default').then(
    () => true,
    () => false,
  );
}
