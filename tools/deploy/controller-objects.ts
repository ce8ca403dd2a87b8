import { INSTALLED } from '../../src/apps/cli/setup/artefacts.ts';
import { LEASE } from '../../src/apps/controller/controller.ts';
import { parseControllerConfig } from '../../src/io/config/controller-config.ts';
import { BEACON } from '../../src/wire/broker/beacon.ts';
import { DEFINITIONS } from '../../src/wire/kube/crd/all.ts';
import { definitionObject } from '../../src/wire/kube/crd/definition.ts';
import { CONTROLLER_FLAGS, PREFIX } from './numbers.ts';
import { configured, CONTROLLER_LISTEN, fieldsAs, hostAndPort, type KubeObject, RBAC, type Values } from './values.ts';

/** Of everything that is the controller's. */
const NAME = 'berth-controller';
const LABELS = { 'app.kubernetes.io/name': NAME };
const BROKER_PORT = parseControllerConfig('').broker.port;
const NOBODY = 65_532; // a user that is nobody on any node

/** What a replica may ask of the API server, in the whole cluster. */
export const CONTROLLER_RULES = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch', 'patch'] },
  { apiGroups: ['berth.dev'], resources: ['berthnodes'], verbs: ['list', 'watch', 'delete'] },
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }, // whose agent asks
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
  { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['list', 'watch'] },
  { apiGroups: ['berth.dev'], resources: ['podsecuritygroups'], verbs: ['list', 'watch'] },
  { apiGroups: ['vpcresources.k8s.aws'], resources: ['securitygrouppolicies'], verbs: ['list', 'watch'] },
  { apiGroups: ['berth.dev'], resources: ['nicconfigs'], verbs: ['list', 'watch'] },
  { apiGroups: ['crd.k8s.amazonaws.com'], resources: ['eniconfigs'], verbs: ['list', 'watch'] },
  {
    apiGroups: ['berth.dev'],
    resources: ['staticaddresses'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
];

/** And in its own namespace: one Lease, and where agents find it. Who makes an object cannot be bound to a name. */
const OWN_RULES = [
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: [LEASE],
    verbs: ['get', 'list', 'watch', 'update'],
  },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: [BEACON], verbs: ['get', 'update'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
];

/** The kinds that are ours. They come first: what is of them can only be made then. */
export function definitionObjects(): readonly KubeObject[] {
  return DEFINITIONS.map(definitionObject).map(({ metadata, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, labels: { 'app.kubernetes.io/name': 'berth' } },
  }));
}

/** The controller: two replicas, their rights, and that never both are evicted at once. */
export function controllerObjects(values: Values): readonly KubeObject[] {
  const { namespace } = values;
  const metadata = { name: NAME, namespace, labels: LABELS };
  const everywhere = { name: NAME, labels: LABELS };
  const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace }];
  const bind = (kind: string) => ({ roleRef: { apiGroup: RBAC, kind, name: NAME }, subjects });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: everywhere, rules: CONTROLLER_RULES },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: everywhere, ...bind('ClusterRole') },
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules: OWN_RULES },
    { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, ...bind('Role') },
    ...configured(metadata, 'controller.yaml', values.controllerConfig),
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: 1, selector: { matchLabels: LABELS } },
    },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deployment(values) },
  ];
}

function deployment(values: Values): object {
  return {
    replicas: values.controllerReplicas,
    selector: { matchLabels: LABELS },
    // a node has room for one: its port is the node's own
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    template: { metadata: { labels: LABELS }, spec: pod(values) },
  };
}

function pod(values: Values): object {
  return {
    priorityClassName: 'system-cluster-critical',
    serviceAccountName: NAME,
    hostNetwork: true, // agents may wait for it before any pod has a network
    tolerations: values.controllerTolerations,
    nodeSelector: values.controllerNodeSelector,
    affinity: { podAntiAffinity: apart() },
    terminationGracePeriodSeconds: 10,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: NOBODY,
      runAsGroup: NOBODY,
      fsGroup: NOBODY,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [controller(values)],
    volumes: [{ name: 'config', configMap: { name: NAME, optional: true } }],
  };
}

/** On different nodes, and in different zones, where there are. */
function apart(): object {
  const term = (weight: number, topologyKey: string) => ({
    weight,
    podAffinityTerm: { topologyKey, labelSelector: { matchLabels: LABELS } },
  });
  return {
    preferredDuringSchedulingIgnoredDuringExecution: [
      term(100, 'kubernetes.io/hostname'),
      term(50, 'topology.kubernetes.io/zone'),
    ],
  };
}

function controller({ image, controllerResources }: Values): object {
  const { port } = CONTROLLER_LISTEN;
  const told = fieldsAs({
    ...{ BERTH_REPLICA: 'metadata.name', BERTH_NAMESPACE: 'metadata.namespace' },
    BERTH_ADDRESS: 'status.hostIP', // where agents ask
  });
  return {
    name: 'controller',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: [`${PREFIX}/${INSTALLED.node}`, ...CONTROLLER_FLAGS, `${PREFIX}/${INSTALLED.bundle}`, 'controller'],
    env: [
      ...told,
      { name: 'BERTH_CONFIG_OPTIONAL', value: 'true' },
      { name: 'BERTH_LISTEN', value: hostAndPort(CONTROLLER_LISTEN) }, // as the probes have it
      { name: 'UV_THREADPOOL_SIZE', value: '4' },
    ],
    ports: [
      { name: 'metrics', containerPort: port, hostPort: port },
      { name: 'broker', containerPort: BROKER_PORT, hostPort: BROKER_PORT },
    ],
    resources: controllerResources,
    securityContext: {
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'config', mountPath: '/etc/berth', readOnly: true }],
    livenessProbe: {
      httpGet: { path: '/healthz', ...CONTROLLER_LISTEN },
      periodSeconds: 10,
      failureThreshold: 6,
      timeoutSeconds: 5,
    },
    readinessProbe: { httpGet: { path: '/readyz', ...CONTROLLER_LISTEN }, periodSeconds: 5, timeoutSeconds: 5 },
  };
}
