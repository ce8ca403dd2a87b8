import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Summary } from '../../emulator/server/summary.ts';
import type { NicsReply } from '../../src/wire/agent/cloud.ts';
import { builtKubernetes } from '../../tools/cluster/kubernetes/recipe.ts';
import { has, isRoot } from '../kernel/space.ts';
import { pageOf } from '../runtime/pods.ts';
import { SERVERS, serviceObjects } from './service-objects.ts';
import { StandingCluster } from './standing.ts';

// Services of Kubernetes for pods on both NICs of an instance, asked from inside of the VPC and from outside of it.

const PROGRAMS = ['containerd', 'conntrack', 'busybox', 'nft', 'iptables', 'curl'];
const canRun = isRoot && builtKubernetes() !== undefined && PROGRAMS.every((it) => has(it));
const INTERNET = '198.51.100.1';
const LIMIT_MS = 20_000;
const TEST_MS = 60_000;

describe.skipIf(!canRun).each(['iptables', 'nftables'])('Services of pods on two NICs, kube-proxy by %s', (mode) => {
  let cluster: StandingCluster;
  let cloud: Summary;

  beforeAll(async () => {
    cluster = await StandingCluster.up('--provider=aws', '--instance-type=t3.micro', `--proxy-mode=${mode}`);
    kubectl('create -f -', JSON.stringify(serviceObjects()));
    kubectl('wait --for=condition=Ready pods --all --timeout=60s');
    const { nics } = JSON.parse(cluster.onNode('node-1', ASK_NICS)) as NicsReply;
    const rules = [{ protocol: 'tcp', peer: { range: '0.0.0.0/0' } }];
    const groups = new Set(nics.flatMap((it) => it.groups));
    for (const group of groups)
      await cluster.cloud('POST /v1/requests', { do: 'add-rules', group, way: 'ingress', rules });
    cloud = await cluster.cloud('GET /v1/cloud');
    await cluster.cloud('DELETE /v1/drops');
  }, 120_000);
  afterAll(() => cluster?.end(), 60_000);

  const kubectl = (line: string, input?: string) => cluster.kubectl(line.split(' '), input);
  const field = (what: string, path: string) => kubectl(`get ${what} -o jsonpath={${path}}`);
  const addressOf = (pod: string) => field(`pod/${pod}`, '.status.podIP');
  const portOf = (service: string) => field(`service/${service}`, '.spec.ports[0].nodePort');
  const nicsOf = (node: string) => cloud.instances.find(({ name }) => name === node)?.nics ?? [];
  const own = (node: string) => nicsOf(node)[0]?.addresses[0] ?? '';
  const published = (node: string) => nicsOf(node)[0]?.publicAddress ?? '';

  const inPod = (pod: string, host: string) =>
    pageOf(cluster.kubectl(['exec', pod, '--', '/bin/busybox', 'sh', '-c', ask(host, 80)]));
  const inWorld = async (host: string, port: string) => pageOf(await cluster.onMachine('internet', ask(host, port)));
  const onControl = async (host: string, port: string) => pageOf(await cluster.onMachine('control', ask(host, port)));
  /** kube-proxy is told of Services late. */
  const soon = (page: () => string | Promise<string>) => expect.poll(page, { timeout: LIMIT_MS });

  test('the pods of a node are on different NICs of it', () => {
    const [first = [], second = []] = nicsOf('node-1').map(({ addresses }) => addresses);
    expect(SERVERS.map(addressOf).map((it) => [first.includes(it), second.includes(it)])).toEqual(
      expect.arrayContaining([
        [true, false],
        [false, true],
      ]),
    );
  });

  test.each(SERVERS)(
    'A54: NodePort, policy Local: who asks from outside of the VPC is seen, and answered: %s',
    async (pod) => {
      const port = portOf(`${pod}-local`);
      await soon(() => inWorld(published('node-1'), port)).toBe(`${pod} ${INTERNET}`);
      await soon(() => onControl(own('node-1'), port)).toBe(`${pod} 10.0.0.5`);
      expect(await inWorld(published('node-2'), port)).toBe(''); // it has no endpoint
    },
    TEST_MS,
  );

  test.each(SERVERS)(
    'A54: NodePort, policy Cluster: every node answers, also one without the pod: %s',
    async (pod) => {
      const port = portOf(`${pod}-cluster`);
      for (const node of ['node-1', 'node-2', 'node-3']) {
        await soon(() => inWorld(published(node), port)).toMatch(new RegExp(`^${pod} `));
        await soon(() => onControl(own(node), port)).toMatch(new RegExp(`^${pod} `));
      }
    },
    TEST_MS,
  );

  test(
    'ClusterIP: from the other NIC, from another node, from the pod itself; who asks is seen, but for itself',
    async () => {
      for (const pod of SERVERS) {
        const service = field(`service/${pod}-cluster`, '.spec.clusterIP');
        for (const from of ['elsewhere', ...SERVERS.filter((it) => it !== pod)])
          await soon(() => inPod(from, service)).toBe(`${pod} ${addressOf(from)}`);
        await soon(() => inPod(pod, service)).toMatch(new RegExp(`^${pod} `));
      }
    },
    TEST_MS,
  );

  test('session affinity: one client gets one pod', async () => {
    const service = field('service/sticky', '.spec.clusterIP');
    await soon(() => inPod('elsewhere', service)).not.toBe('');
    const pages = new Set(Array.from({ length: 12 }, () => inPod('elsewhere', service)));
    expect(pages.size).toBe(1);
  });

  test('the VPC dropped nothing', async () => {
    expect(await cluster.cloud('GET /v1/drops')).toEqual([]);
  });
});

const ASK_NICS = 'curl --silent --unix-socket /run/berth/admin.sock http://agent/v1/nics';

/** A page of which pod answered, and whom it saw; nothing where nobody answers. */
function ask(host: string, port: number | string): string {
  return `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 2 ${host} ${port} || true`;
}
