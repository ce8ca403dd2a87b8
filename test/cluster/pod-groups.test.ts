import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Answer } from '../../emulator/cloud/answer.ts';
import type { Summary } from '../../emulator/server/summary.ts';
import { IMAGE } from '../runtime/node.ts';
import { StandingCluster } from './standing.ts';
import { canRun } from './standing-cluster.ts';

// Pods with security groups of their own on a real Kubernetes over an emulated VPC, whose controller asks the cloud.

describe.skipIf(!canRun)('pods with security groups of their own', () => {
  let cluster: StandingCluster;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line.split(' '), input);
  const apply = (...items: readonly object[]) =>
    kubectl('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));

  beforeAll(async () => {
    cluster = await StandingCluster.up('--installed', 'manifest', '--provider', 'aws', '--broker');
    const config = kubectl('-n kube-system get configmap berth -o jsonpath={.data.config\\.yaml}');
    const { cloud, ...rest } = parse(config) as { readonly cloud: object };
    const data = { 'config.yaml': JSON.stringify({ ...rest, cloud: { ...cloud, podGroups: 'strict' } }) };
    const patch = JSON.stringify({ data });
    cluster.kubectl(['-n', 'kube-system', 'patch', 'configmap', 'berth', '--type=merge', '-p', patch]);
    kubectl('-n kube-system delete pods -l app.kubernetes.io/name=berth');
    kubectl('-n kube-system rollout status daemonset/berth --timeout=60s');
  }, 150_000);
  afterAll(() => cluster.end(), 60_000);

  /** A group that lets the VPC in on one port. */
  async function group(name: string, port: number): Promise<string> {
    const { vpcs } = await cluster.cloud<Summary>('GET /v1/cloud');
    const made = await cluster.cloud<Answer>('POST /v1/requests', {
      ...{ do: 'create-group', vpc: vpcs[0]?.id, name, description: name, tags: {} },
    });
    if (made.is !== 'made' || made.view.kind !== 'group') throw new Error('no group');
    const { id } = made.view.group;
    const rules = [{ protocol: 'tcp', ports: { from: port, to: port }, peer: { range: '10.0.0.0/16' } }];
    await cluster.cloud('POST /v1/requests', { do: 'add-rules', group: id, way: 'ingress', rules });
    return id;
  }

  function pod(name: string, app: string): object {
    const probe = { tcpSocket: { port: 80 }, periodSeconds: 1 };
    const serve = 'while true; do /bin/busybox nc -l -p 80 -e /bin/busybox echo hello; done';
    const container = { name, image: IMAGE, imagePullPolicy: 'Never', command: ['/bin/busybox', 'sh', '-c', serve] };
    const limits = { 'berth.dev/pod-nic': '1' };
    const containers = [{ ...container, readinessProbe: probe, resources: { limits } }];
    const spec = { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app } }, spec };
  }

  const selects = (app: string, securityGroups: readonly string[]) => ({
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'PodSecurityGroups',
    metadata: { name: app },
    spec: { podSelector: { matchLabels: { app } }, securityGroups },
  });

  test('A49: one whose groups let the node in is Ready, on a branch NIC; one whose do not is probed in vain', async () => {
    const [open, closed] = [await group('open', 80), await group('closed', 81)];
    apply(selects('open', [open]), selects('closed', [closed]), pod('open', 'open'), pod('closed', 'closed'));
    kubectl('wait --for=condition=Ready pod/open --timeout=60s');
    const ip = kubectl('get pod open -o jsonpath={.status.podIP}');
    const { instances } = await cluster.cloud<Summary>('GET /v1/cloud');
    const nic = instances.flatMap(({ nics }) => nics).find(({ addresses }) => addresses.includes(ip));
    expect(nic?.vlan).toBeGreaterThan(0);
    await expect
      .poll(() => kubectl('get events --field-selector=involvedObject.name=closed,reason=Unhealthy'), {
        timeout: 60_000,
      })
      .toContain('Readiness probe failed');
    expect(kubectl('get pod closed -o jsonpath={.status.containerStatuses[0].ready}')).toBe('false');
    expect(kubectl('get nodes -o jsonpath={.items[*].status.capacity.berth\\.dev/pod-nic}')).toContain('9');
  }, 180_000);

  test('A49, A71: groups that the cloud does not have are told to the pod', async () => {
    apply(selects('lost', ['sg-00000000000000000']), pod('lost', 'lost'));
    await expect
      .poll(() => kubectl('get events --field-selector=involvedObject.name=lost'), { timeout: 60_000 })
      .toMatch(/could not be had: .*sg-00000000000000000/);
  }, 90_000);
});
