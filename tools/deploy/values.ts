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
  readonly config: string; // of the agents, as text; '' makes no object: then it is the user's own
  readonly resources: unknown;
  readonly tolerations: unknown;
  readonly nodeSelector: unknown;
  readonly maxUnavailable: unknown; //     agents, while a new version comes
  readonly cniExecutables: string; //      where the runtime looks for executables
  readonly cniConfigurations: string; // and for network lists
  readonly controllerConfig: string; //   as text, and as config
  readonly controllerReplicas: unknown;
  readonly controllerResources: unknown;
  readonly controllerTolerations: unknown;
  readonly controllerNodeSelector: unknown;
}

/** The ConfigMap with a file of the configuration; none where that is the user's own. */
export function configured(metadata: object, file: string, config: string): readonly KubeObject[] {
  return config === '' ? [] : [{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [file]: config } }];
}

/** What a container is told of its pod, as variables. */
export function fieldsAs(fields: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(fields).map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } }));
}

/** An address as configurations and variables have it. */
export function hostAndPort({ host, port }: typeof LISTEN): string {
  return `${host}:${port}`;
}

/** Where an agent answers, on its node. */
export const LISTEN = { host: '127.0.0.1', port: 9464 };

/** And a replica of the controller, on its own: its node's network is there before pods have one. */
export const CONTROLLER_LISTEN = { host: '127.0.0.1', port: 9465 };

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

/** What stands in the manifest: without configurations, so that to apply it anew takes no setting back. */
export const DEFAULTS: Values = {
  image: IMAGE,
  namespace: 'kube-system',
  config: '',
  resources: { requests: { cpu: '50m', memory: '128Mi' } },
  tolerations: [{ operator: 'Exists' }], // a node without pods' network is tainted
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  maxUnavailable: '10%',
  cniExecutables: '/opt/cni/bin',
  cniConfigurations: '/etc/cni/net.d',
  controllerConfig: '',
  controllerReplicas: 2,
  controllerResources: { requests: { cpu: '50m', memory: '128Mi' } },
  controllerTolerations: CONTROLLER_TOLERATIONS,
  controllerNodeSelector: { 'kubernetes.io/os': 'linux' },
};
