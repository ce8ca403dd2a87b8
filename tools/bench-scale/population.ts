import { STATIC } from '../../src/wire/kube/annotations.ts';
import { writeBerthNode } from '../../src/wire/kube/crd/berth-node.ts';

/** How large a cluster is. */
export interface Size {
  readonly nodes: number;
  readonly pods: number;
}

/** Where the time of a change is written, so that whoever hears of it can tell how long that took: milliseconds. */
export const STAMP = 'bench.berth.dev/at';

export const POD_NAMESPACE = 'default';

export function nodeName(i: number): string {
  return `node-${i}`;
}

export function podName(i: number): string {
  return `pod-${i}`;
}

/** A Node as large as a cloud's are. */
export function nodeObject(i: number): object {
  const images = Array.from({ length: 25 }, (_, at) => ({
    names: [
      `registry.example/team/service-${at}@sha256:${'0a1b2c3d'.repeat(8)}`,
      `registry.example/team/service-${at}:1`,
    ],
    sizeBytes: 100_000_000 + at,
  }));
  const labels = { 'kubernetes.io/hostname': nodeName(i), 'topology.kubernetes.io/zone': `zone-${i % 3}` };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName(i), labels },
    spec: { providerID: `aws:///zone-${i % 3}/i-${i}`, podCIDR: range(i), podCIDRs: [range(i)] },
    status: { capacity: { cpu: '8', memory: '32Gi', pods: '110' }, images },
  };
}

/** What its agent would have made. */
export function berthNodeObject(i: number): object {
  return writeBerthNode(nodeName(i));
}

/** A Pod as large as a usual one is, bound to a node. */
export function podObject(i: number, nodes: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: podName(i), namespace: POD_NAMESPACE, labels: { app: `app-${i % 200}`, tier: 'web' } },
    spec: { ...POD_SPEC, nodeName: nodeName(i % nodes) },
    status: { phase: 'Running', podIP: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}` },
  };
}

/** One of a StatefulSet that asks to keep its address, which the controller is to see to. */
export function keepingPodObject(name: string, node: string): object {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'keeper', uid: 'keeper', controller: true };
  const annotations = { [STATIC]: 'true' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: POD_NAMESPACE, annotations, ownerReferences: [owner] },
    spec: { ...POD_SPEC, nodeName: node },
  };
}

/** One for all, so that a store in memory keeps it once. */
const POD_SPEC = {
  containers: ['server', 'sidecar'].map((name) => ({
    name,
    image: `registry.example/team/${name}@sha256:${'0a1b2c3d'.repeat(8)}`,
    env: Array.from({ length: 20 }, (_, at) => ({ name: `SETTING_${at}`, value: `value of the setting number ${at}` })),
    ports: [{ containerPort: name === 'server' ? 8080 : 9090 }],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 10 },
    volumeMounts: [{ name: 'work', mountPath: '/work' }],
  })),
  volumes: [{ name: 'work', emptyDir: {} }],
  tolerations: [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ],
};

function range(i: number): string {
  return `10.${(i >> 8) & 255}.${i & 255}.0/24`;
}
