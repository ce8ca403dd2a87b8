import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtKubernetes } from '../../tools/cluster/kubernetes/recipe.ts';
import { has, isRoot } from '../kernel/space.ts';
import { IMAGE } from '../runtime/node.ts';
import { deadAgentTests } from './dead-agent.ts';
import { manifestTests } from './manifest-again.ts';
import { ReplicasInCluster } from './replicas.ts';
import { StandingCluster } from './standing.ts';

// Berth installed as users install it: an image on the nodes, and one manifest.

const PROGRAMS = ['containerd', 'conntrack', 'busybox', 'nft', 'iptables'];
const canRun = isRoot && builtKubernetes() !== undefined && PROGRAMS.every((it) => has(it));
const NODES = ['node-1', 'node-2', 'node-3'];
const [CONFLIST, EXECUTABLE] = ['/etc/cni/net.d/10-berth.conflist', '/opt/cni/bin/berth-cni'];

const HEALED_MS = 10_000;
const SKIPPED = 2; // versions on

describe.skipIf(!canRun)('installed by one manifest', () => {
  let cluster: StandingCluster;

  beforeAll(async () => {
    cluster = await StandingCluster.up('--installed', 'manifest');
  }, 120_000);
  afterAll(() => cluster.end(), 60_000);

  const kubectl = (line: string, input?: string) => cluster.kubectl(line.split(' '), input);
  const podsOf = (label: string) =>
    (JSON.parse(kubectl(`-n kube-system get pods -l ${label} -o json`)) as { items: readonly PodObject[] }).items;

  test('A22: the nodes are Ready by it, an agent serves on each, and its container is not privileged', () => {
    const agents = podsOf('app.kubernetes.io/name=berth');
    expect(agents.map(({ spec }) => spec.nodeName).toSorted()).toEqual(NODES);
    expect(agents.flatMap(({ status }) => status.containerStatuses.map(({ restartCount }) => restartCount))).toEqual([
      0, 0, 0,
    ]);
    expect(
      agents.flatMap(({ spec }) => spec.containers.map(({ securityContext }) => securityContext.privileged)),
    ).toEqual([undefined, undefined, undefined]);
    expect(kubectl('-n kube-system exec ds/berth -- berth status')).toMatch(/^Agent: +ready/m);
    // nodes are born with the taint
    expect(kubectl('get nodes -o jsonpath={.items[*].spec.taints[*].key}')).not.toContain('berth.dev');
    const network = kubectl(
      'get nodes -o jsonpath={.items[*].status.conditions[?(@.type=="NetworkUnavailable")].reason}',
    );
    expect(network).toBe('BerthReady BerthReady BerthReady');
    const findings = kubectl('-n kube-system exec ds/berth -- berth check');
    expect(findings).toMatch(/^ok +conflist .* is valid/m);
    expect(findings).toMatch(/^ok +config +there is no .*: an agent that starts has the defaults$/m);
    const bundle = 'kubectl -n kube-system exec ds/berth -- berth bundle --file -';
    const unpack = 'tar -xzO --wildcards "*/agent/log.txt" "*/kernel.txt"'; // the image has no program for either
    const packed = execFileSync('sh', ['-c', `${bundle} | ${unpack}`], { env: cluster.env, encoding: 'utf8' });
    expect(packed).toContain('"msg":"started"');
    expect(packed).toMatch(/^ruleset /m);
  });

  test('A89: a pod that asks for more addresses than its node has left stays Pending, and says what is lacking', async () => {
    const whole = Number(kubectl('get node node-1 -o jsonpath={.status.allocatable.berth\\.dev/address}'));
    expect(whole).toBeGreaterThan(200);
    const half = Math.floor(whole / 2);
    const names = ['first', 'second', 'third'];
    kubectl(
      'apply -f -',
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: names.map((it) => asking(it, half)) }),
    );
    const waiting = () =>
      kubectl('get pods -l app=asking -o jsonpath={.items[?(@.status.phase=="Pending")].metadata.name}');
    await expect.poll(() => waiting().split(' ').length, { timeout: 30_000 }).toBe(1);
    const reason = () =>
      kubectl(`get events --field-selector=involvedObject.name=${waiting()} -o jsonpath={.items[*].message}`);
    await expect.poll(reason, { timeout: 10_000 }).toContain('Insufficient berth.dev/address');
    kubectl('delete pods -l app=asking --wait=false');
  }, 60_000);

  test('A25: a network list and an executable that are deleted or altered are healed within 10 s', async () => {
    const [list, executable] = [CONFLIST, EXECUTABLE].map((path) => cluster.onNode('node-1', `sha256sum ${path}`));
    cluster.onNode('node-1', `rm ${CONFLIST}; echo "#!/bin/false" >${EXECUTABLE}`);
    const now = () => cluster.onNode('node-1', `sha256sum ${CONFLIST} ${EXECUTABLE} || :`);
    await expect.poll(now, { timeout: HEALED_MS }).toBe(`${list}${executable}`);
  });

  test('A19, A21: a rollout of the agents while pods come and go on every node fails no pod, and a standing pod loses no packet', async () => {
    kubectl('apply -f -', churn());
    kubectl('-n rollout rollout status deployment/churn --timeout=60s');
    kubectl('-n rollout wait --for=condition=Ready pods --all --timeout=60s');
    annotating();
    await harmless('rollout restart daemonset/berth');
  }, 240_000);

  test('A67: a pod has its addresses as an annotation before it is Ready, as the configuration asks, and not after its DEL', async () => {
    const path =
      '{.metadata.annotations.berth\\.dev/pod-ips} {.status.podIPs[*].ip} {.status.conditions[?(@.type=="Ready")].status}';
    const over = new AbortController();
    const watch = ['-n', 'rollout', 'get', 'pods', '-l', 'app=annotated', '--watch'];
    const seen = cluster.start([...watch, '-o', `jsonpath=${path}{"\\n"}`], over.signal);
    kubectl('apply -f -', JSON.stringify(annotated()));
    kubectl('-n rollout wait --for=condition=Ready pod/annotated --timeout=30s');
    kubectl('-n rollout delete pod annotated --wait=false');
    const now = () => kubectl('-n rollout get pod annotated -o jsonpath={.metadata.annotations}');
    await expect.poll(now, { timeout: 30_000 }).not.toContain('pod-ips');
    kubectl('-n rollout patch pod annotated --type=json -p [{"op":"remove","path":"/metadata/finalizers"}]');
    over.abort();
    const ready = (await seen).split('\n').find((line) => line.endsWith(' True')); // its sandbox goes before its Ready
    const [told, ...ips] = ready?.split(' ').slice(0, -1) ?? [];
    expect(ips).toHaveLength(2);
    expect(told).toBe(ips.join(','));
  }, 60_000);

  manifestTests(() => cluster);

  test('A20, A21: an image that skips a version is rolled out while pods come and go, and rolled back, with the controller: no pod fails, and no packet is lost', async () => {
    const image = cluster.imageLater(SKIPPED);
    for (const node of NODES) cluster.onNode(node, `ctr -n k8s.io images import ${image.path}`);
    const addresses = () => kubectl('-n rollout get pods standing-1 standing-2 -o jsonpath={.items[*].status.podIP}');
    const before = addresses();
    await harmless(`set image daemonset/berth deployment/berth-controller *=${image.name}`);
    expect(podsOf('app.kubernetes.io/name=berth').map(({ spec }) => spec.containers[0]?.image)).toEqual(
      NODES.map(() => image.name),
    );
    await harmless('rollout undo daemonset/berth');
    kubectl('-n kube-system rollout undo deployment/berth-controller');
    kubectl('-n kube-system rollout status deployment/berth-controller --timeout=60s');
    expect(addresses()).toBe(before);
  }, 240_000);

  /** The agents' configuration says that addresses are written to pods, from their next start on. */
  function annotating(): void {
    kubectl(
      '-n kube-system create configmap berth --from-literal=config.yaml={kubernetes:{podIps:[berth.dev/pod-ips]}}',
    );
  }

  /** A change of the DaemonSet under churn: new agents everywhere, no pod failed, no packet lost between two others. */
  async function harmless(change: string): Promise<void> {
    const agents = () => podsOf('app.kubernetes.io/name=berth').map(({ metadata }) => metadata.uid);
    const before = agents();
    const target = kubectl('-n rollout get pod standing-2 -o jsonpath={.status.podIP}');
    const inPod = ['-n', 'rollout', 'exec', 'standing-1', '--', '/bin/busybox'];
    const pings = cluster.start([...inPod, 'ping', '-i', '0.1', target]);
    kubectl(`-n kube-system ${change}`);
    const rollout = cluster.start(['-n', 'kube-system', 'rollout', 'status', 'daemonset/berth', '--timeout=120s']);
    let over = false;
    void rollout.finally(() => (over = true));
    while (!over) {
      kubectl('-n rollout delete pods -l app=churn --wait=false');
      await new Promise((resolve) => setTimeout(resolve, 2_000)); // pods come for a while, and go again
    }
    expect(await rollout).toContain('successfully rolled out');
    kubectl('-n rollout rollout status deployment/churn --timeout=60s');
    expect(agents().filter((uid) => before.includes(uid))).toEqual([]);
    const failures = (JSON.parse(kubectl('-n rollout get events -o json')) as { items: readonly EventObject[] }).items
      // a kubelet that starts a container of a pod which is deleted just then misses its own folder of it
      .filter(({ reason, message }) => reason.startsWith('Failed') && !message.includes('open /var/lib/kubelet/pods/'))
      .map(({ reason, message }) => `${reason}: ${message}`);
    expect(failures).toEqual([]);
    cluster.kubectl([...inPod, 'killall', '-INT', 'busybox']); // ping sums up then; the first process hears no signal
    const said = await pings;
    const sent = Number(/(\d+) packets transmitted/.exec(said)?.[1]);
    const answered = [...said.matchAll(/ seq=(\d+) /g)].map(([, seq]) => Number(seq));
    expect(sent).toBeGreaterThan(50);
    expect(answered).toEqual(Array.from(answered.keys())); // each, in order
    expect(sent - answered.length).toBeLessThanOrEqual(1); // the last may be under way when ping is told to end
  }

  test('kubectl get berthnodes shows a line for each node', async () => {
    const lines = () => kubectl('get berthnodes --no-headers').trim().split('\n');
    const ready = () => lines().map((line) => line.split(/ +/).slice(0, 2).join(' '));
    await expect.poll(ready, { timeout: 30_000 }).toEqual(NODES.map((node) => `${node} true`));
    expect(kubectl('get bn node-1 -o jsonpath={.status.provider}')).toBe('podcidr');
  }, 40_000);

  test('the replica that leads hangs: the other takes over within its lease, and the first stands back when it wakes, and begins again when it is killed', async () => {
    const replicas = new ReplicasInCluster(cluster);
    kubectl('-n kube-system rollout status deployment/berth-controller --timeout=60s');
    const { replica: first, node: place } = await replicas.leader();
    expect(new Set(replicas.nodes().values()).size).toBe(2);
    replicas.signal(place, 'STOP');
    kubectl(
      'create -f -',
      JSON.stringify({ apiVersion: 'berth.dev/v1alpha1', kind: 'BerthNode', metadata: { name: 'gone' } }),
    );
    const left = () => kubectl('get berthnodes -o name').includes('berthnode.berth.dev/gone');
    await expect.poll(left, { timeout: 25_000 }).toBe(false);
    expect(replicas.holder()).not.toBe(first);
    replicas.signal(place, 'CONT');
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // its timers are due: it would have renewed by now
    expect(replicas.holder()).not.toBe(first);
    replicas.signal(place, 'KILL');
    const ready = () => kubectl('-n kube-system get deployment berth-controller -o jsonpath={.status.readyReplicas}');
    const begun = () =>
      kubectl(`-n kube-system get pod ${first} -o jsonpath={.status.containerStatuses[0].restartCount}`);
    await expect.poll(begun, { timeout: 20_000 }).toBe('1');
    await expect.poll(ready, { timeout: 30_000 }).toBe('2');
  }, 60_000);

  test('kubectl berth, the plugin, asks the agent of the node that a pod is on, and knows all nodes', () => {
    expect(kubectl('berth why pod/standing-1 -n rollout')).toMatch(/^rollout\/standing-1 is on node-1\.\n.+/);
    expect(kubectl('berth status')).toMatch(/^node-3 +yes/m);
    expect(kubectl('berth pools')).toMatch(/^node-2 +podcidr +IPv6/m);
    expect(kubectl('berth on node-2 status')).toMatch(/^Agent: +ready/m);
  });

  deadAgentTests(() => cluster);

  test('uninstalled: the runtime knows nothing of Berth, and the kernel neither', () => {
    kubectl('delete namespace rollout --wait=true');
    kubectl('delete -f deploy/kubernetes/berth.yaml --wait=true');
    kubectl('-n kube-system wait --for=delete pods -l app.kubernetes.io/name=berth --timeout=60s');
    kubectl('apply -f deploy/kubernetes/uninstall.yaml');
    kubectl('-n kube-system rollout status daemonset/berth-uninstall --timeout=60s');
    const left = `ls ${CONFLIST} ${EXECUTABLE} 2>/dev/null; nft list tables | grep berth; ip route | grep 'proto 98'; :`;
    expect(NODES.map((node) => cluster.onNode(node, left))).toEqual(['', '', '']);
    kubectl('delete -f deploy/kubernetes/uninstall.yaml');
  }, 120_000);
});

/** A pod of node-1 that has the scheduler count so many addresses for it. */
function asking(name: string, addresses: number): object {
  const counted = { 'berth.dev/address': String(addresses) };
  const sleep = { name: 'sleep', image: IMAGE, imagePullPolicy: 'Never', command: ['/bin/busybox', 'sleep', '9999'] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'asking' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      nodeSelector: { 'kubernetes.io/hostname': 'node-1' },
      containers: [{ ...sleep, resources: { requests: counted, limits: counted } }],
    },
  };
}

/** A pod whose object outlives its sandbox. */
function annotated(): object {
  const own = { labels: { app: 'annotated' }, finalizers: ['berth.test/stay'] };
  const metadata = { name: 'annotated', namespace: 'rollout', ...own };
  const sleep = { name: 'sleep', image: IMAGE, imagePullPolicy: 'Never', command: ['/bin/busybox', 'sleep', '9999'] };
  const spec = { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers: [sleep] };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec };
}

/** Two pods that stay, on two nodes, and some that a Deployment makes again and again. */
function churn(): string {
  const metadata = (name: string) => ({ name, namespace: 'rollout' });
  const sleep = (node?: string) => ({
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false, // a volume that the kubelet mounts late tells nothing of us
    ...(node === undefined ? {} : { nodeName: node }),
    containers: [{ name: 'sleep', image: IMAGE, imagePullPolicy: 'Never', command: ['/bin/busybox', 'sleep', '9999'] }],
  });
  const pod = (name: string, node: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata(name),
    spec: sleep(node),
  });
  const labels = { app: 'churn' };
  const template = { metadata: { labels }, spec: sleep() };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('churn'),
    spec: { replicas: 6, selector: { matchLabels: labels }, template },
  };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'rollout' } };
  const items = [namespace, pod('standing-1', 'node-1'), pod('standing-2', 'node-2'), deployment];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

interface EventObject {
  readonly reason: string;
  readonly message: string;
}

interface PodObject {
  readonly metadata: { readonly uid: string };
  readonly spec: {
    readonly nodeName: string;
    readonly containers: readonly {
      readonly image: string;
      readonly securityContext: { readonly privileged?: boolean };
    }[];
  };
  readonly status: { readonly containerStatuses: readonly { readonly restartCount: number }[] };
}
