import { VERSION } from '../../src/base/version.ts';
import { INSTALLED } from '../../src/apps/cli/setup/artefacts.ts';
import { HOST_CNI, PREFIX } from './numbers.ts';

/** An object of Kubernetes, as it is applied. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
  readonly [more: string]: unknown;
}

export const IMAGE = `berth.dev/berth:${VERSION}`;
export const NAMESPACE = 'kube-system';
const NAME = 'berth';
const RBAC = 'rbac.authorization.k8s.io';
const LABELS = { 'app.kubernetes.io/name': NAME };
const LISTEN = { host: '127.0.0.1', port: 9464 };

/** What an agent may ask of the API server: docs/configuration.md, "In a cluster". */
export const AGENT_RULES = [
  { apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
];

/** What the agent is allowed to do on its node, and why. */
const CAPABILITIES = [
  'NET_ADMIN', //     links, addresses, routes, rules, nftables
  'NET_RAW', //       who listens on a host port: sock_diag tells it to these
  'NET_BROADCAST', // to hear what changes in the pods' namespaces
  'SYS_ADMIN', //     setns(2) into the pods' namespaces; /proc/sys is made writable for the settings of links
];

/** All that a cluster needs of Berth, in the order to apply. */
export function berthObjects(image = IMAGE): readonly KubeObject[] {
  const metadata = { name: NAME, namespace: NAMESPACE, labels: LABELS };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: NAME, labels: LABELS }, rules: AGENT_RULES },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME, labels: LABELS },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'config.yaml': CONFIG } },
    { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: daemonSet(image) },
  ];
}

const CONFIG = `# The configuration of Berth's agents. All keys: docs/configuration.md. A change is taken on while they run.
kubernetes:
  access: in-cluster
http:
  listen: ${LISTEN.host}:${LISTEN.port}
`;

/** What takes away again what the agents put on the nodes, once they are gone themselves. */
export function uninstallObjects(image = IMAGE): readonly KubeObject[] {
  const name = `${NAME}-uninstall`;
  const labels = { 'app.kubernetes.io/name': name };
  const container = { ...onNode(image), name: 'uninstall', args: ['uninstall'] };
  const nothing = { command: [`${PREFIX}/${INSTALLED.node}`, '-e', 'setInterval(() => {}, 2 ** 30)'] };
  const rest = { name: 'done', image, imagePullPolicy: 'IfNotPresent', ...nothing };
  const spec = { ...ON_NODE, terminationGracePeriodSeconds: 0, initContainers: [container], containers: [rest] };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name, namespace: NAMESPACE, labels },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  ];
}

function daemonSet(image: string): object {
  return {
    selector: { matchLabels: LABELS },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
    template: {
      metadata: { labels: LABELS },
      spec: { ...ON_NODE, serviceAccountName: NAME, terminationGracePeriodSeconds: 10, containers: [agent(image)] },
    },
  };
}

function agent(image: string): object {
  const { securityContext, ...common } = onNode(image);
  return {
    name: 'agent',
    ...common,
    env: [{ name: 'BERTH_NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    resources: { requests: { cpu: '50m', memory: '128Mi' } },
    securityContext: { readOnlyRootFilesystem: true, ...securityContext },
    livenessProbe: {
      httpGet: { path: '/healthz', ...LISTEN },
      periodSeconds: 10,
      failureThreshold: 6,
      timeoutSeconds: 5,
    },
    readinessProbe: { httpGet: { path: '/readyz', ...LISTEN }, periodSeconds: 5, timeoutSeconds: 5 },
  };
}

/** A container that works on its node. */
function onNode(image: string) {
  return {
    image,
    imagePullPolicy: 'IfNotPresent',
    securityContext: {
      allowPrivilegeEscalation: true, // goes with SYS_ADMIN
      capabilities: { drop: ['ALL'], add: CAPABILITIES },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: VOLUMES.map(({ name, at, inward, readOnly }) => ({
      name,
      mountPath: at,
      ...(inward === true ? { mountPropagation: 'HostToContainer' } : {}),
      ...(readOnly === true ? { readOnly } : {}),
    })),
  };
}

interface Volume {
  readonly name: string;
  readonly at: string; //         in the container
  readonly path?: string; //      on the node; absent: see `volumeOf`
  readonly inward?: true; //      mounts that the node makes later are seen
  readonly readOnly?: true;
}

const VOLUMES: readonly Volume[] = [
  { name: 'config', at: '/etc/berth', readOnly: true },
  { name: 'sockets', at: '/run/berth', path: '/run/berth' },
  { name: 'state', at: '/var/lib/berth', path: '/var/lib/berth' },
  { name: 'sandboxes', at: '/run/netns', path: '/run/netns', inward: true },
  { name: 'cni-executables', at: HOST_CNI.executables, path: '/opt/cni/bin' },
  { name: 'cni-configurations', at: HOST_CNI.configurations, path: '/etc/cni/net.d' },
  { name: 'temporary', at: '/tmp' },
];

function volumeOf(name: string, { path }: { readonly path?: string }): object {
  if (path !== undefined) return { hostPath: { path, type: 'DirectoryOrCreate' } };
  return name === 'config' ? { configMap: { name: NAME, optional: true } } : { emptyDir: {} };
}

/** A pod on every node, with the node's network and folders. */
const ON_NODE = {
  priorityClassName: 'system-node-critical',
  hostNetwork: true,
  tolerations: [{ operator: 'Exists' }], // a node without pods' network is tainted
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  volumes: VOLUMES.map(({ name, ...source }) => ({ name, ...volumeOf(name, source) })),
};
