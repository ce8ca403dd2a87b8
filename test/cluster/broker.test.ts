import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallCount } from '../../emulator/server/calls.ts';
import { ACCESS_KEY } from '../../emulator/server/start.ts';
import type { Summary } from '../../emulator/server/summary.ts';
import type { NicsReply } from '../../src/wire/agent/cloud.ts';
import { IMAGE } from '../runtime/node.ts';
import { askedConfigTests, interfacesTests, nodeConfigTests } from './nic-configs.ts';
import { ReplicasInCluster } from './replicas.ts';
import { StandingCluster } from './standing.ts';
import { canRun } from './standing-cluster.ts';
import { staticAddressTests } from './static-address.ts';

// Nodes of an emulated VPC without any credentials: their agents ask the controller.

const NODES = ['node-1', 'node-2', 'node-3'];
const NEVER_READY_MS = 90_000;

describe.skipIf(!canRun)('the controller asks the cloud', () => {
  let cluster: StandingCluster;
  let replicas: ReplicasInCluster;

  beforeAll(async () => {
    cluster = await StandingCluster.up('--installed', 'manifest', '--provider', 'aws', '--broker');
    replicas = new ReplicasInCluster(cluster);
    kubectl('-n kube-system rollout status deployment/berth-controller --timeout=60s');
    cluster.kubectl(['create', '-f', '-'], sleepers());
  }, 120_000);
  afterAll(() => cluster.end(), 60_000);

  const kubectl = (line: string) => cluster.kubectl(line.split(' '));
  const scale = (count: number) => kubectl(`scale deployment many --replicas=${count}`);
  const ready = () => kubectl('get deployment many -o jsonpath={.status.readyReplicas}');
  const leading = async () => (await replicas.leader()).node;

  /** What each NIC holds besides its own address, as its node's agent says. */
  const agents = () => {
    const lines = kubectl('-n kube-system get pods -l app.kubernetes.io/name=berth -o name').trim().split('\n');
    const replies = lines.map((pod) => kubectl(`-n kube-system exec ${pod} -- berth nics -o json`));
    return counts(
      replies.flatMap((text) =>
        (JSON.parse(text) as NicsReply).nics.map(({ id, addresses }) => [
          id,
          addresses.reduce((sum, { used, cooling, free, kept }) => sum + used + cooling + free + kept, 0),
        ]),
      ),
    );
  };
  /** And as the cloud says. */
  const clouds = async () => {
    const { instances, loose } = await cluster.cloud<Summary>('GET /v1/cloud');
    expect(loose).toEqual([]);
    const nodes = instances.filter(({ name }) => NODES.includes(name));
    return counts(nodes.flatMap(({ nics }) => nics.map(({ id, addresses }) => [id, addresses.length - 1])));
  };

  /** Every address that the cloud put on a NIC of a node is known there, and there is no NIC of nobody. */
  async function agreed(): Promise<void> {
    const both = async () => [agents(), await clouds()].map((it) => JSON.stringify(it));
    const same = async () => new Set(await both()).size;
    await expect.poll(same, { timeout: 40_000, interval: 2_000, message: (await both()).join('\n') }).toBe(1);
  }

  staticAddressTests(() => cluster);
  askedConfigTests(() => cluster);
  interfacesTests(() => cluster);

  test('A86: pods get addresses on new NICs, asked for by the controller alone, and none is made twice when it is killed in between', async () => {
    scale(45); // the first NICs have room for 27
    await expect
      .poll(async () => (await called('CreateNetworkInterface')).calls, { timeout: 30_000 })
      .toBeGreaterThan(0);
    replicas.signal(await leading(), 'KILL');
    await expect.poll(ready, { timeout: NEVER_READY_MS }).toBe('45');
    await agreed();
    const all = await cluster.cloud<readonly CallCount[]>('GET /v1/calls');
    expect([...new Set(all.flatMap(({ callers }) => Object.keys(callers)))]).toEqual([ACCESS_KEY.id]);
  }, 150_000);

  test('the replica that leads hangs while nodes need more: the other one does it, and what the first was about does no harm', async () => {
    const hung = await leading();
    replicas.signal(hung, 'STOP');
    scale(66);
    await expect.poll(leading, { timeout: 40_000, interval: 1_000 }).not.toBe(hung);
    await expect.poll(ready, { timeout: NEVER_READY_MS }).toBe('66');
    replicas.signal(hung, 'CONT');
    await agreed();
  }, 180_000);

  describe('at last', () => {
    beforeAll(() => scale(0));
    nodeConfigTests(() => cluster);
  });

  async function called(action: string): Promise<Pick<CallCount, 'calls'>> {
    const all = await cluster.cloud<readonly CallCount[]>('GET /v1/calls');
    return all.find((it) => it.action === action) ?? { calls: 0 };
  }
});

function counts(of: readonly (readonly [nic: string, held: number])[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...of].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Pods that do nothing, none yet. */
function sleepers(): string {
  const labels = { app: 'many' };
  const container = {
    name: 'sleep',
    image: IMAGE,
    imagePullPolicy: 'Never',
    command: ['/bin/busybox', 'sleep', '9999'],
  };
  const pod = { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers: [container] };
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'many' },
    spec: { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
  });
}
