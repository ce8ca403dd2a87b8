import { INSTALLED } from '../../src/apps/cli/setup/artefacts.ts';
import { admissionObjects } from './admission.ts';
import { CONTROLLER_TOKEN } from '../../src/apps/node-agent/controller-access.ts';
import { AUDIENCE, BEACON } from '../../src/wire/broker/beacon.ts';
import { controllerObjects, definitionObjects } from './controller-objects.ts';
import { HOST_CNI, PREFIX } from './numbers.ts';
import {
  configured,
  DEFAULTS,
  fieldsAs,
  hostAndPort,
  type KubeObject,
  LABELS,
  LISTEN,
  NAME,
  RBAC,
  type Values,
} from './values.ts';

/** What an agent may ask of the API server: docs/configuration.md, "In a cluster". */
export const AGENT_RULES = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['nodes', 'nodes/status', 'pods/status'], verbs: ['patch'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['berth.dev'], resources: ['berthnodes', 'berthnodes/status'], verbs: ['create', 'patch'] },
  { apiGroups: ['berth.dev'], resources: ['staticaddresses'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['berth.dev'], resources: ['staticaddresses/status'], verbs: ['patch'] },
  { apiGroups: ['berth.dev'], resources: ['nicconfigs'], verbs: ['list', 'watch'] },
  { apiGroups: ['crd.k8s.amazonaws.com'], resources: ['eniconfigs'], verbs: ['list', 'watch'] },
  // cloud.podGroups: whose security groups pods have
  { apiGroups: ['berth.dev'], resources: ['podsecuritygroups'], verbs: ['list', 'watch'] },
  { apiGroups: ['vpcresources.k8s.aws'], resources: ['securitygrouppolicies'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get'] },
];

/** And in its own namespace: where the controller is. */
const BEACON_RULES = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [BEACON], verbs: ['get'] }];

/** What the agent is allowed to do on its node, and why. */
const CAPABILITIES = [
  'NET_ADMIN', //     links, addresses, routes, rules, nftables
  'NET_BROADCAST', // to hear what changes in the pods' namespaces
  'SYS_ADMIN', //     setns(2) into the pods' namespaces; /proc/sys is made writable for the settings of links
];

/** All that a cluster needs of Berth, in the order to apply. */
export function berthObjects(values: Values = DEFAULTS): readonly KubeObject[] {
  const { namespace } = values;
  const metadata = { name: NAME, namespace, labels: LABELS };
  return [
    ...definitionObjects(),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: NAME, labels: LABELS }, rules: AGENT_RULES },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME, labels: LABELS },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
    },
    ...admissionObjects(values),
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules: BEACON_RULES },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: RBAC, kind: 'Role', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
    },
    ...configured(metadata, 'config.yaml', values.config),
    { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: daemonSet(values) },
    ...controllerObjects(values),
  ];
}

/** What takes away again what the agents put on the nodes, once they are gone themselves. */
export function uninstallObjects(values: Values = DEFAULTS): readonly KubeObject[] {
  const { image, namespace } = values;
  const name = `${NAME}-uninstall`;
  const labels = { 'app.kubernetes.io/name': name };
  const container = { ...onNode(image), name: 'uninstall', args: ['uninstall'] };
  const nothing = { command: [`${PREFIX}/${INSTALLED.node}`, '-e', 'setInterval(() => {}, 2 ** 30)'] };
  const rest = { name: 'done', image, imagePullPolicy: 'IfNotPresent', ...nothing };
  const pods = { terminationGracePeriodSeconds: 0, initContainers: [container], containers: [rest] };
  const spec = { ...placed(values), ...pods };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name, namespace, labels },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  ];
}

function daemonSet(values: Values): object {
  return {
    selector: { matchLabels: LABELS },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: values.maxUnavailable } },
    template: {
      metadata: { labels: LABELS },
      spec: {
        ...placed(values, [TOKEN_VOLUME]),
        serviceAccountName: NAME,
        terminationGracePeriodSeconds: 10,
        containers: [agent(values)],
      },
    },
  };
}

function agent({ image, resources }: Values): object {
  const { securityContext, volumeMounts, ...common } = onNode(image);
  return {
    name: 'agent',
    ...common,
    volumeMounts: [...volumeMounts, { name: TOKEN, mountPath: CONTROLLER_TOKEN.folder, readOnly: true }],
    env: [
      ...fieldsAs({ BERTH_NODE_NAME: 'spec.nodeName', BERTH_NAMESPACE: 'metadata.namespace' }),
      { name: 'BERTH_CONFIG_OPTIONAL', value: 'true' },
      { name: 'BERTH_KUBERNETES', value: 'in-cluster' },
      { name: 'BERTH_LISTEN', value: hostAndPort(LISTEN) }, // as the probes have it
      { name: 'BERTH_CONF_DIR', value: HOST_CNI.configurations }, // for berth check
      { name: 'BERTH_BIN_DIR', value: HOST_CNI.executables },
    ],
    resources,
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

/** Good for nothing but to ask the controller, and bound to the pod: the controller knows the node by it. */
const TOKEN = 'controller-token';
const TOKEN_VOLUME = {
  name: TOKEN,
  projected: {
    sources: [{ serviceAccountToken: { audience: AUDIENCE, expirationSeconds: 3_600, path: CONTROLLER_TOKEN.file } }],
  },
};

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
  readonly inward?: true; //      mounts that the node makes later are seen
  readonly readOnly?: true;
}

const VOLUMES: readonly Volume[] = [
  { name: 'config', at: '/etc/berth', readOnly: true },
  { name: 'sockets', at: '/run/berth' },
  { name: 'state', at: '/var/lib/berth' },
  { name: 'sandboxes', at: '/run/netns', inward: true },
  { name: 'cni-executables', at: HOST_CNI.executables },
  { name: 'cni-configurations', at: HOST_CNI.configurations },
  { name: 'modules', at: '/lib/modules', readOnly: true }, // for berth check
  { name: 'temporary', at: '/tmp' },
];

/** A pod on every node, with the node's network and folders. */
function placed(
  { tolerations, nodeSelector, cniExecutables, cniConfigurations }: Values,
  further: readonly object[] = [],
): object {
  const folder = (path: string) => ({ hostPath: { path, type: 'DirectoryOrCreate' } });
  const special: Readonly<Record<string, object>> = {
    config: { configMap: { name: NAME, optional: true } },
    modules: { hostPath: { path: '/lib/modules' } }, // which may be a link
    temporary: { emptyDir: {} },
    'cni-executables': folder(cniExecutables),
    'cni-configurations': folder(cniConfigurations),
  };
  return {
    priorityClassName: 'system-node-critical',
    hostNetwork: true,
    tolerations,
    nodeSelector,
    volumes: [...VOLUMES.map(({ name, at }) => ({ name, ...(special[name] ?? folder(at)) })), ...further],
  };
}
