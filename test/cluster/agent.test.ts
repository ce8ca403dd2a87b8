import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../runtime/node.ts';
import { fetchScript, pageOf, SERVE } from '../runtime/pods.ts';
import { canRun, StandingCluster } from './standing-cluster.ts';

// The agent in a real Kubernetes: what it learns, what it tells, and what it does without the API server.

let cluster: StandingCluster;

beforeAll(async () => {
  if (canRun) cluster = await StandingCluster.open();
}, 120_000);
afterAll(() => cluster?.close(), 60_000);

/** A pod that only waits, bound to a node by hand, so that no scheduler judges it. */
function pod(
  name: string,
  nodeName: string,
  ports: readonly object[] = [],
  command: readonly string[] = ['/bin/busybox', 'sleep', '9999'],
): object {
  const waiter = {
    name: 'waiter',
    image: 'berth.test/busybox:1',
    imagePullPolicy: 'Never',
    command,
    ports,
  };
  const spec = { nodeName, terminationGracePeriodSeconds: 0, containers: [waiter] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

/** A pod of node-1 with annotations. */
function annotated(name: string, annotations: Readonly<Record<string, string>>): object {
  return { ...pod(name, 'node-1'), metadata: { name, annotations } };
}

/** One pod of a node, made again whenever it goes. */
function statefulSet(name: string, node: string): object {
  const labels = { app: name };
  const { spec } = pod(name, node) as { spec: object };
  const template = { metadata: { labels }, spec: { ...spec, terminationGracePeriodSeconds: 5 } };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: { serviceName: name, replicas: 1, selector: { matchLabels: labels }, template },
  };
}

/** The uids of the pods of a name: one, or none. */
function pods(name: string): readonly string[] {
  const words = cluster.kubectl(
    'get',
    'pods',
    '--field-selector',
    `metadata.name=${name}`,
    '-o',
    'jsonpath={.items[*].metadata.uid}',
  );
  return words.split(' ').filter((it) => it !== '');
}

/** What the agent of a node has logged of the attachments of a pod. */
function logged(node: string, name: string): readonly string[] {
  const lines = cluster
    .on(node, 'cat /var/log/berth-agent.log')
    .split('\n')
    .filter((line) => line.startsWith('{'));
  const said = lines.map((line) => JSON.parse(line) as { msg: string; id?: string; pod?: string });
  const ids = new Set(said.flatMap(({ pod: of, id }) => (of === `default/${name}` && id !== undefined ? [id] : [])));
  return said.flatMap(({ msg, id }) => (id !== undefined && ids.has(id) ? [msg] : []));
}

function field(kind: string, name: string, path: string): string {
  return cluster.kubectl('get', kind, name, '-o', `jsonpath={${path}}`);
}

function addressOf(name: string): string {
  cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=50s');
  return field('pod', name, '.status.podIP');
}

/** Ranges of other nodes that a node has a route to. */
function waysOf(node: string): readonly string[] {
  const lines = cluster.on(node, 'ip -4 route show proto 98').split('\n');
  return lines.filter((line) => line.includes(' via ')).map((line) => line.split(' ')[0] ?? '');
}

const rangeOf = (node: string) => field('node', node, '.spec.podCIDR');

describe.skipIf(!canRun)('the agent in a cluster', () => {
  test('K1, K8: gives addresses of its Node’s range, and has a way to all others', () => {
    cluster.create(pod('one', 'node-1'), pod('two', 'node-2'));
    expect(addressOf('one').split('.').slice(0, 3)).toEqual(rangeOf('node-1').split('.').slice(0, 3));
    expect(waysOf('node-1').toSorted()).toEqual([rangeOf('node-2'), rangeOf('node-3')].toSorted());
  });

  test('K13: web servers on two nodes that share a link; each reaches the other', async () => {
    cluster.create(pod('web-1', 'node-1', [], SERVE), pod('web-2', 'node-2', [], SERVE));
    const [first, second] = [addressOf('web-1'), addressOf('web-2')];
    const page = (from: string, address: string) =>
      pageOf(cluster.kubectl('exec', from, '--', '/bin/busybox', 'sh', '-c', fetchScript(address)));
    await until(10_000, 'the first is reached', async () => page('web-2', first) === 'web-1');
    await until(10_000, 'the second is reached', async () => page('web-1', second) === 'web-2');
    cluster.kubectl('delete', 'pod', 'web-1', 'web-2', '--wait=false');
  });

  test('K9: a node that is removed has no way any more, and has one again when it is back', async () => {
    const left = rangeOf('node-3');
    cluster.kubectl('delete', 'node', 'node-3');
    await until(5_000, 'the way is gone', async () => !waysOf('node-1').includes(left));
    cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-3' } });
    await until(40_000, 'there is a way again', async () => waysOf('node-1').includes(rangeOf('node-3')));
  }, 60_000);

  test('A11, A71: a pod that is refused says why where people look', async () => {
    cluster.create(pod('taken', 'node-1', [{ containerPort: 80, hostPort: 10250 }])); // the kubelet's own
    const events = () => cluster.kubectl('get', 'events', '--field-selector', 'involvedObject.name=taken,source=berth');
    await until(20_000, 'there is an Event', async () => events().includes('HostPortTaken'));
    expect(cluster.kubectl('describe', 'pod', 'taken')).toMatch(
      /HostPortTaken .* berth .*default\/taken .*was refused: host port 10250\/tcp is held/,
    );
    cluster.kubectl('delete', 'pod', 'taken', '--grace-period=0', '--force');
  }, 40_000);

  test('a pod gets the address and the MTU that its annotations ask for; one that asks for nonsense is told so', async () => {
    const wanted = rangeOf('node-1').replace(/\d+\/24$/, '177');
    cluster.create(annotated('asks', { 'berth.dev/ips': wanted, 'berth.dev/mtu': '1300' }));
    expect(addressOf('asks')).toBe(wanted);
    expect(cluster.kubectl('exec', 'asks', '--', '/bin/busybox', 'ip', 'link', 'show', 'eth0')).toContain('mtu 1300');
    cluster.create(annotated('wrong', { 'berth.dev/mtu': 'jumbo' }));
    const said = () => cluster.kubectl('describe', 'pod', 'wrong');
    await until(20_000, 'there is an Event', async () => said().includes('AnnotationRefused'));
    expect(said()).toContain('berth.dev/mtu says "jumbo": it must be a whole number from 576 to 65535');
    cluster.kubectl('delete', 'pod', 'asks', 'wrong', '--grace-period=0', '--force');
  }, 60_000);

  test('A15: a pod of a StatefulSet that is made anew before the DEL of its forerunner keeps its network when that comes', async () => {
    cluster.create(statefulSet('again', 'node-1'));
    const [uid, address] = ['.metadata.uid', '.status.podIP'];
    await until(20_000, 'there is the first', async () => pods('again-0').length > 0);
    addressOf('again-0');
    const first = field('pod', 'again-0', uid);
    cluster.kubectl('delete', 'pod', 'again-0', '--grace-period=0', '--force'); // its sandbox lives on for a while
    const isAnew = () => pods('again-0').some((it) => it !== first);
    await until(20_000, 'it is made anew', async () => isAnew());
    const anew = addressOf('again-0');
    // by its own word: how many are attached, others that end just now say as well
    await until(40_000, 'the first is gone', async () => logged('node-1', 'again-0').includes('detached'));
    expect(field('pod', 'again-0', address)).toBe(anew);
    expect(logged('node-1', 'again-0')).toEqual(['attached', 'attached', 'detached']); // in this order
    expect(cluster.on('node-2', `busybox ping -c 1 -W 2 ${anew}`)).toContain(' 0% packet loss');
    cluster.kubectl('delete', 'statefulset', 'again');
  }, 90_000);

  test('A24: started again while the API server cannot be reached, it serves within 5 s', async () => {
    cluster.create(pod('before', 'node-1'));
    addressOf('before');
    const others = waysOf('node-1');
    cluster.on('node-1', BLOCK);
    try {
      cluster.killAgent('node-1');
      const began = performance.now();
      cluster.startAgent('node-1');
      await until(20_000, 'an ADD is served', async () => adds('node-1'));
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(waysOf('node-1')).toEqual(others);
    } finally {
      cluster.on('node-1', 'nft delete table inet block');
    }
    cluster.create(pod('after', 'node-1'));
    expect(addressOf('after')).not.toBe('');
  }, 90_000);

  test('a pod that is deleted while the agent is down leaves nothing when it is back', async () => {
    cluster.killAgent('node-1');
    for (const name of ['one', 'before', 'after'])
      cluster.kubectl('delete', 'pod', name, '--grace-period=0', '--force', '--wait=false');
    cluster.startAgent('node-1');
    await until(30_000, 'nothing is attached', async () => attached('node-1') === 0);
  }, 60_000);
});

/** Packets to the API server are dropped, so that nobody even hears that it is away. */
const BLOCK = `nft -f - <<'END'
table inet block {
  chain out { type filter hook output priority 0; tcp dport 6443 drop; }
}
END`;

/** Whether an ADD of the executable succeeds; its DEL follows. */
function adds(node: string): boolean {
  const config = '{"cniVersion":"1.0.0","name":"berth","type":"berth-cni"}';
  const call = (verb: string) =>
    `echo '${config}' | CNI_COMMAND=${verb} CNI_CONTAINERID=probe CNI_IFNAME=eth0 CNI_NETNS=/run/netns/probe ` +
    'CNI_PATH=/opt/cni/bin /opt/cni/bin/berth-cni > /dev/null';
  const script = `ip netns add probe || true; ${call('ADD')}; done=$?; ${call('DEL')}; ip netns delete probe; exit $done`;
  try {
    cluster.on(node, script);
    return true;
  } catch {
    return false;
  }
}

/** How many attachments the agent of a node has; undefined while it does not answer. */
function attached(node: string): number | undefined {
  const said = cluster.on(node, "busybox wget -qO- http://127.0.0.1:9464/metrics | grep '^berth_attachments' || true");
  return said === '' ? undefined : Number(said.trim().split(' ').at(-1));
}
