import { copyFileSync } from 'node:fs';
import { NOT_READY_TAINT } from '../../src/core/cluster/node-word.ts';
import { until } from '../../test/runtime/node.ts';
import { containerdConfig } from '../../test/runtime/containerd-config.ts';
import { type Credentials, type Door, kubeconfig, tokenOf } from './credentials.ts';
import { DNS } from './dns.ts';
import { endOf } from './log.ts';
import type { ClusterNode } from './node/node.ts';
import { IMAGES, KUBE } from './shared.ts';

const START_MS = 30_000;
const SOCKET = '/run/containerd/containerd.sock';

/** A worker's place in a cluster. */
export interface WorkerSpec {
  readonly node: ClusterNode;
  readonly addresses: readonly string[];
  readonly credentials: Credentials;
  readonly pods: readonly string[]; // ranges that all pods' addresses are in
  readonly proxyMode: 'iptables' | 'nftables';
  readonly restarts: 'soon' | undefined; // containers that end
  readonly instance?: string; //     of its cloud, as spec.providerID says it
}

/** containerd with the images in it; there is no registry to fetch any from. Resolves when it could start a pod. */
export async function startRuntime(node: ClusterNode, images: readonly string[], pause: string): Promise<void> {
  const places = { root: '/var/lib/containerd', netDir: '/etc/cni/net.d', binDir: '/opt/cni/bin' };
  node.write('/etc/containerd/config.toml', containerdConfig(2, { ...places, pause }));
  copyFileSync('/usr/lib/cni/loopback', node.outside('/opt/cni/bin/loopback')); // containerd calls it for each sandbox
  node.start('containerd', 'containerd', []);
  await until(START_MS, `containerd of ${node.name} answers`, () => answers(node)).catch((cause: unknown) => {
    throw new Error(`its log ends so:\n${endOf(node.logFile('containerd'))}`, { cause });
  });
  for (const image of images) await node.finish('ctr', '-n', 'k8s.io', 'images', 'import', `${IMAGES}/${image}`);
}

function answers(node: ClusterNode): boolean {
  try {
    node.run('ctr', 'version');
    return true;
  } catch {
    return false;
  }
}

/** The kubelet and kube-proxy of a node. It registers itself when the API server is ready. */
export function startKubelet(spec: WorkerSpec, door: Door): void {
  const { node, addresses, credentials, pods, proxyMode, restarts, instance } = spec;
  const [own, proxy] = ['/etc/kubernetes/kubelet.kubeconfig', '/etc/kubernetes/proxy.kubeconfig'];
  node.write(own, kubeconfig(door, tokenOf(credentials, node.name)), 0o600);
  node.write(proxy, kubeconfig(door, tokenOf(credentials, 'proxy')), 0o600);
  node.write(
    '/etc/kubernetes/kubelet.yaml',
    JSON.stringify({ ...KUBELET, ...(restarts === 'soon' ? RESTARTS_SOON : {}) }),
  );
  node.write('/etc/kubernetes/proxy.yaml', JSON.stringify(kubeProxy(node.name, { proxy, pods, mode: proxyMode })));
  const words = [`--kubeconfig=${own}`, `--hostname-override=${node.name}`, `--node-ip=${addresses.join(',')}`];
  words.push(`--register-with-taints=${NOT_READY_TAINT}=:NoSchedule`); // as nodes of a cloud should be made
  if (instance !== undefined) words.push(`--provider-id=${instance}`);
  node.start('kubelet', KUBE, ['kubelet', '--config=/etc/kubernetes/kubelet.yaml', ...words]);
  node.start('kube-proxy', KUBE, ['kube-proxy', '--config=/etc/kubernetes/proxy.yaml']);
}

/** What a machine without systemd, with cgroup v1 and without CAP_SYS_RESOURCE wants, and disks that are others'. */
const KUBELET = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  cgroupDriver: 'cgroupfs',
  failCgroupV1: false,
  failSwapOn: false,
  oomScoreAdj: 0,
  protectKernelDefaults: true,
  enforceNodeAllocatable: [],
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  clusterDNS: [DNS],
  clusterDomain: 'cluster.local',
  containerRuntimeEndpoint: `unix://${SOCKET}`,
  evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
  imageGCHighThresholdPercent: 100,
  nodeStatusUpdateFrequency: '4s',
  syncFrequency: '10s',
} as const;

/** Containers that were killed start again without the kubelet's growing pause. */
const RESTARTS_SOON = {
  featureGates: { KubeletCrashLoopBackOffMax: true },
  crashLoopBackOff: { maxContainerRestartPeriod: '1s' },
} as const;

/** Settings of conntrack belong to the machine: zero leaves them as they are. */
function kubeProxy(
  name: string,
  { proxy, pods, mode }: { proxy: string; pods: readonly string[]; mode: string },
): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: proxy },
    hostnameOverride: name,
    mode,
    clusterCIDR: pods.join(','),
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    oomScoreAdj: 0,
  };
}
