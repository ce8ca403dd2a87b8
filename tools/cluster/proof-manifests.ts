import { IMAGE } from '../../test/runtime/node.ts';
import { SERVE } from '../../test/runtime/pods.ts';

/** The namespace of the proof, the Service in it, and the label of its pods. */
export const PROOF = 'proof';

/** The port of each node behind which one of its pods is. */
export const HOST_PORT = 8081;

/** Pods on each node: one of each DaemonSet. */
export const PER_NODE = 2;

/** Two web servers on every node, which say their own names; one has a port of the node. A Service of both. */
export function manifests(): object {
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: PROOF } },
      daemonSet('web', { containerPort: 80, hostPort: HOST_PORT }),
      daemonSet('peer', { containerPort: 80 }),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: PROOF, namespace: PROOF },
        spec: { selector: { of: PROOF }, ipFamilyPolicy: 'PreferDualStack', ports: [{ port: 80 }] },
      },
    ],
  };
}

function daemonSet(app: string, port: object): object {
  const labels = { app, of: PROOF };
  const readinessProbe = { httpGet: { path: '/index.html', port: 80 }, periodSeconds: 1 };
  const server = {
    name: 'server',
    image: IMAGE,
    imagePullPolicy: 'Never',
    command: SERVE,
    ports: [port],
    readinessProbe,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: app, namespace: PROOF },
    spec: {
      selector: { matchLabels: labels },
      // the server is the first process of its pod, and those do not end on SIGTERM unless they ask for it
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [server] } },
    },
  };
}
