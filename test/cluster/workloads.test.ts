import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtKubernetes } from '../../tools/cluster/kubernetes/recipe.ts';
import { has, isRoot } from '../kernel/space.ts';
import { IMAGE } from '../runtime/node.ts';
import { SERVE } from '../runtime/pods.ts';
import { StandingCluster } from './standing.ts';

// What people do with pods all day: many short ones, a node that is drained, a port that is forwarded.

const PROGRAMS = ['containerd', 'conntrack', 'busybox', 'nft', 'iptables', 'curl'];
const canRun = isRoot && builtKubernetes() !== undefined && PROGRAMS.every((it) => has(it));
const NODES = ['node-1', 'node-2', 'node-3'] as const;
const [SHORT_PODS, AT_ONCE] = [200, 40];
const LEFT_MS = 30_000;

describe.skipIf(!canRun)('workloads', () => {
  let cluster: StandingCluster;

  beforeAll(async () => {
    cluster = await StandingCluster.up();
  }, 120_000);
  afterAll(() => cluster?.end(), 60_000);

  const kubectl = (line: string, input?: object) =>
    cluster.kubectl(line.split(' '), input === undefined ? '' : JSON.stringify(input));
  const nodesOf = (app: string) =>
    kubectl(`get pods -l app=${app} -o jsonpath={.items[*].spec.nodeName}`).split(' ').filter(Boolean);
  /** Pods' links, and DELs that wait. */
  const leftOn = (node: string) =>
    cluster.onNode(node, 'ip -o link show | grep ": bth"; ls /var/lib/berth/spool; :').trim();

  test('a Job of 200 short pods completes, none of them is refused, and nothing is left of them', async () => {
    kubectl('create -f -', shortPods());
    kubectl('wait --for=condition=Complete job/short --timeout=170s');
    expect(kubectl('get job short -o jsonpath={.status.succeeded}/{.status.failed}')).toBe(`${SHORT_PODS}/`);
    expect(kubectl('get events --field-selector source=berth -o jsonpath={.items[*].message}')).toBe('');
    for (const node of NODES) await expect.poll(() => leftOn(node), { timeout: LEFT_MS }).toBe('');
    kubectl('delete job short --cascade=foreground');
  }, 240_000);

  test('a node that is drained keeps nothing of its pods, and takes others when it is back', async () => {
    kubectl('create -f -', servers());
    kubectl('rollout status deployment/servers --timeout=60s');
    expect(new Set(nodesOf('servers'))).toEqual(new Set(NODES));
    kubectl('drain node-2 --ignore-daemonsets --timeout=60s');
    expect(nodesOf('servers')).not.toContain('node-2');
    await expect.poll(() => leftOn('node-2'), { timeout: LEFT_MS }).toBe('');
    kubectl('rollout status deployment/servers --timeout=60s');
    kubectl('uncordon node-2');
    kubectl('rollout restart deployment/servers');
    kubectl('rollout status deployment/servers --timeout=60s');
    expect(nodesOf('servers')).toContain('node-2');
  }, 180_000);

  test('a port of a pod is forwarded to somebody outside of the cluster', async () => {
    const forward = spawn('kubectl', ['port-forward', 'deployment/servers', ':80'], { env: cluster.env });
    try {
      const [said] = (await once(forward.stdout, 'data')) as [Buffer];
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(said.toString()) ?? [];
      expect((await (await fetch(`http://127.0.0.1:${port}/index.html`)).text()).trim()).toMatch(/^servers-/);
    } finally {
      forward.kill();
    }
  }, 30_000);
});

function shortPods(): object {
  const work = { name: 'work', image: IMAGE, imagePullPolicy: 'Never', command: ['/bin/busybox', 'true'] };
  const spec = { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [work] };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'short' },
    spec: { completions: SHORT_PODS, parallelism: AT_ONCE, template: { spec } },
  };
}

/** Two on each node. */
function servers(): object {
  const labels = { app: 'servers' };
  const readinessProbe = { httpGet: { path: '/index.html', port: 80 }, periodSeconds: 1 };
  const server = { name: 'server', image: IMAGE, imagePullPolicy: 'Never', command: SERVE, readinessProbe };
  const spread = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' };
  const spec = {
    terminationGracePeriodSeconds: 1,
    containers: [server],
    topologySpreadConstraints: [{ ...spread, labelSelector: { matchLabels: labels } }],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'servers' },
    spec: { replicas: 6, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}
