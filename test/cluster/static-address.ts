import { expect, test } from 'vitest';
import type { Summary } from '../../emulator/server/summary.ts';
import { IMAGE } from '../runtime/node.ts';
import type { StandingCluster } from './standing.ts';

// On an emulated VPC of two zones: node-1 and node-3 stand in one subnet, node-2 in the other.

const NAMESPACE = 'static';
const ANNOTATIONS = { 'berth.dev/static-address': 'true', 'berth.dev/retention': '8s' };

/** Tests of static addresses, for a cluster that stands. They leave nothing there. */
export function staticAddressTests(cluster: () => StandingCluster): void {
  const kubectl = (line: string, input?: string) => cluster().kubectl(line.split(' '), input);
  const field = (of: string, path: string) => kubectl(`-n ${NAMESPACE} get ${of} -o jsonpath={${path}}`);
  const ready = () => kubectl(`-n ${NAMESPACE} rollout status statefulset/web --timeout=90s`);

  /** Where web-0 is, and what it answers to a pod of the other zone. */
  function standing(): { readonly node: string; readonly ip: string; readonly said: string } {
    const [node, ip] = [field('pod/web-0', '.spec.nodeName'), field('pod/web-0', '.status.podIP')];
    const said = kubectl(`-n ${NAMESPACE} exec client -- /bin/busybox wget -q -O - http://${ip}:8080/`);
    return { node, ip, said: said.trim() };
  }

  /** The nodes on whose NICs the cloud has an address. */
  async function nicsWith(ip: string): Promise<readonly string[]> {
    const { instances } = await cluster().cloud<Summary>('GET /v1/cloud');
    const has = ({ nics }: Summary['instances'][number]) => nics.some(({ addresses }) => addresses.includes(ip));
    return instances.filter(has).map(({ name }) => name);
  }

  test('U31, A90: a pod of a StatefulSet keeps its address on another node of the zone, and answers there', async () => {
    kubectl('apply -f -', objects());
    ready();
    kubectl(`-n ${NAMESPACE} wait --for=condition=Ready pod/client --timeout=60s`);
    const before = standing();
    expect(before.said).toBe('web-0');
    expect(field('staticaddress/web-0', '.status.addresses[0]')).toBe(before.ip);
    const other = before.node === 'node-1' ? 'node-3' : 'node-1';
    kubectl(`cordon ${before.node}`);
    kubectl(`-n ${NAMESPACE} delete pod web-0`);
    ready();
    expect(standing()).toEqual({ node: other, ip: before.ip, said: 'web-0' });
    expect(await nicsWith(before.ip)).toEqual([other]);
    kubectl(`uncordon ${before.node}`);
  }, 180_000);

  test('U33: after a scale-down it is kept for its retention, and no longer', async () => {
    kubectl(`-n ${NAMESPACE} scale statefulset web --replicas=0`);
    const left = () => kubectl(`-n ${NAMESPACE} get staticaddresses -o name`).trim();
    await expect.poll(() => field('staticaddress/web-0', '.spec.unusedSince'), { timeout: 20_000 }).not.toBe('');
    expect(left()).toBe('staticaddress.berth.dev/web-0');
    await expect.poll(left, { timeout: 40_000 }).toBe('');
    kubectl(`delete namespace ${NAMESPACE} --wait=false`);
  }, 90_000);
}

/** A StatefulSet for the zone of node-1 and node-3, which answers with its name, and a client on node-2. */
function objects(): string {
  const common = { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false };
  const busybox = (name: string, ...command: readonly string[]) => ({
    ...{ name, image: IMAGE, imagePullPolicy: 'Never', command: ['/bin/busybox', ...command] },
  });
  const serve = 'busybox mkdir /www; busybox hostname >/www/index.html; exec busybox httpd -f -p 8080 -h /www';
  const term = { key: 'kubernetes.io/hostname', operator: 'In', values: ['node-1', 'node-3'] };
  const required = { nodeSelectorTerms: [{ matchExpressions: [term] }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  const labels = { app: 'web' };
  const spec = { ...common, affinity, containers: [busybox('web', 'sh', '-c', serve)] };
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: {
        replicas: 1,
        serviceName: 'web',
        selector: { matchLabels: labels },
        template: { metadata: { labels, annotations: ANNOTATIONS }, spec },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'client', namespace: NAMESPACE },
      spec: { ...common, nodeName: 'node-2', containers: [busybox('client', 'sleep', '9999')] },
    },
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
