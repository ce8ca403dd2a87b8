import { VERSION } from '../../src/base/version.ts';

/** An object of Kubernetes, as it is applied. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
  readonly [more: string]: unknown;
}

/** What the image is called that `npm run image` makes. */
export const IMAGE = `berth.dev/berth:${VERSION}`;
/** Of everything that is the agents'. */
export const NAME = 'berth';
/** The API group of roles. */
export const RBAC = 'rbac.authorization.k8s.io';
/** Of the agents' pods. */
export const LABELS = { 'app.kubernetes.io/name': NAME };

/** What users change, by the names that the Helm chart has for it. */
export interface Values {
  readonly image: string;
  readonly namespace: string;
  readonly config: string; // of the agents, as text
  readonly resources: unknown;
  readonly tolerations: unknown;
  readonly nodeSelector: unknown;
  readonly maxUnavailable: unknown; //     agents, while a new version comes
  readonly cniExecutables: string; //      where the runtime looks for executables
  readonly cniConfigurations: string; // and for network lists
  readonly controllerConfig: string; //   as text
  readonly controllerReplicas: unknown;
  readonly controllerResources: unknown;
  readonly controllerTolerations: unknown;
  readonly controllerNodeSelector: unknown;
}

/** What a container is told of its pod, as variables. */
export function fieldsAs(fields: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(fields).map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } }));
}

/** Where an agent answers, on its node. */
export const LISTEN = { host: '127.0.0.1', port: 9464 };

/** And a replica of the controller, on its own: its node's network is there before pods have one. */
export const CONTROLLER_LISTEN = { host: '127.0.0.1', port: 9465 };

const CONFIG = `# The configuration of Berth's agents. All keys: docs/configuration.md. A change is taken on while they run.
kubernetes:
  access: in-cluster
http:
  listen: ${LISTEN.host}:${LISTEN.port}
`;

const CONTROLLER_CONFIG = `# The configuration of Berth's controller. All keys: docs/configuration.md. It is read at the start.
http:
  listen: ${CONTROLLER_LISTEN.host}:${CONTROLLER_LISTEN.port}
`;

/** Where it may run: also where no pod has a network yet, since agents may wait for it. Off a dead node soon. */
const CONTROLLER_TOLERATIONS = [
  { key: 'CriticalAddonsOnly', operator: 'Exists' },
  { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.berth.dev/not-ready', operator: 'Exists' },
  { key: 'node.cloudprovider.kubernetes.io/uninitialized', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' },
  ...['not-ready', 'unreachable'].map((condition) => ({
    ...{ key: `node.kubernetes.io/${condition}`, operator: 'Exists', effect: 'NoExecute' },
    tolerationSeconds: 30,
  })),
];

/** What stands in the manifest. */
export const DEFAULTS: Values = {
  image: IMAGE,
  namespace: 'kube-system',
  config: CONFIG,
  resources: { requests: { cpu: '50m', memory: '128Mi' } },
  tolerations: [{ operator: 'Exists' }], // a node without pods' network is tainted
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  maxUnavailable: '10%',
  cniExecutables: '/opt/cni/bin',
  cniConfigurations: '/etc/cni/net.d',
  controllerConfig: CONTROLLER_CONFIG,
  controllerReplicas: 2,
  controllerResources: { requests: { cpu: '50m', memory: '128Mi' } },
  controllerTolerations: CONTROLLER_TOLERATIONS,
  controllerNodeSelector: { 'kubernetes.io/os': 'linux' },
};
