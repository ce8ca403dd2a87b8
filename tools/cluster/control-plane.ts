import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { until } from '../../test/runtime/node.ts';
import { Api } from './api.ts';
import { type Credentials, type Door, kubeconfig, tokenOf } from './credentials.ts';
import type { Ground } from './ground.ts';
import { endOf } from './log.ts';
import type { ClusterNode } from './node/node.ts';
import { API, KUBE } from './shared.ts';

/** Addresses of Services. */
const SERVICES = { v4: '10.96.0.0/16', v6: 'fd96::/108' } as const;
const PORT = 6443;
const READY_MS = 60_000;

/** The name of the log of who asked what: one JSON document a line, each when the request was received. */
export const AUDIT_LOG = 'audit';

/** What a control plane is started with. */
export interface ControlPlaneSpec {
  readonly node: ClusterNode;
  readonly ground: Ground;
  readonly credentials: Credentials;
  readonly socket: string; //     where the relay to the API server shall be
  readonly audited: string | undefined; // the user whose requests are in AUDIT_LOG; undefined: nobody's
}

/** A running control plane. */
export interface ControlPlane {
  readonly door: Door; // for whoever is in the cluster's network
  readonly api: Api; //   as an administrator
}

/** etcd, the API server and a relay to it; then the controllers and the scheduler. Resolves when the API is ready. */
export async function startControlPlane(spec: ControlPlaneSpec): Promise<ControlPlane> {
  const { node, ground, credentials, socket, audited } = spec;
  const [address] = ground.control.addresses;
  node.write('/etc/kubernetes/tokens.csv', credentials.tokenFile, 0o600);
  node.write('/etc/kubernetes/signing.key', credentials.signingKey, 0o600);
  node.start('etcd', KUBE, ['etcd', ...ETCD]);
  node.start('kube-apiserver', KUBE, ['kube-apiserver', ...apiserver(ground), ...auditing(node, audited)]);
  node.start('relay', process.execPath, [resolve(import.meta.dirname, 'relay.ts'), API, address, String(PORT)]);
  const api = new Api({ socket, token: tokenOf(credentials, 'admin') });
  await until(READY_MS, 'the API server is ready', () => api.ready()).catch((cause: unknown) => {
    throw new Error(`the API server's log ends so:\n${endOf(node.logFile('kube-apiserver'))}`, { cause });
  });
  const certificate = readFileSync(node.outside('/etc/kubernetes/pki/apiserver.crt'), 'utf8');
  const door = { server: `https://${address}:${PORT}`, certificate };
  for (const name of ['controllers', 'scheduler'])
    node.write(configPath(name), kubeconfig(door, tokenOf(credentials, name)), 0o600);
  node.start('kube-controller-manager', KUBE, ['kube-controller-manager', ...controllers(ground)]);
  node.start('kube-scheduler', KUBE, ['kube-scheduler', ...client('scheduler')]);
  return { door, api };
}

function configPath(name: string): string {
  return join('/etc/kubernetes', `${name}.kubeconfig`);
}

/** What is lost with the power was to be gone anyway. */
const ETCD = [
  '--data-dir=/var/lib/etcd',
  '--unsafe-no-fsync',
  '--log-level=warn',
  '--listen-client-urls=http://127.0.0.1:2379',
  '--advertise-client-urls=http://127.0.0.1:2379',
  '--listen-peer-urls=http://127.0.0.1:2380',
];

function apiserver({ control, pods }: Ground): readonly string[] {
  const services = pods.some((range) => range.includes(':')) ? [SERVICES.v4, SERVICES.v6] : [SERVICES.v4];
  return [
    '--etcd-servers=http://127.0.0.1:2379',
    `--service-cluster-ip-range=${services.join(',')}`,
    '--token-auth-file=/etc/kubernetes/tokens.csv',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--disable-admission-plugins=StorageObjectInUseProtection', // there are no volumes to protect
    '--service-account-key-file=/etc/kubernetes/signing.key',
    '--service-account-signing-key-file=/etc/kubernetes/signing.key',
    '--service-account-issuer=https://kubernetes.default.svc',
    '--cert-dir=/etc/kubernetes/pki',
    `--advertise-address=${control.addresses[0]}`,
    `--secure-port=${PORT}`,
    '--allow-privileged=true',
    '--kubelet-preferred-address-types=InternalIP', // nodes' names are in no DNS
  ];
}

/** Each request of one user, when it is received: a watch is told once. */
function auditing(node: ClusterNode, user: string | undefined): readonly string[] {
  if (user === undefined) return [];
  const [file, stages] = ['/etc/kubernetes/audit.yaml', ['ResponseStarted', 'ResponseComplete', 'Panic']] as const;
  const rules = [{ level: 'Metadata', users: [user] }, { level: 'None' }];
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: stages, rules };
  node.write(file, JSON.stringify(policy));
  return [`--audit-policy-file=${file}`, `--audit-log-path=/var/log/${AUDIT_LOG}.log`];
}

function controllers({ pods, splits }: Ground): readonly string[] {
  const ranges = splits ? ['--allocate-node-cidrs=true', `--cluster-cidr=${pods.join(',')}`] : [];
  return [
    ...client('controllers'),
    '--service-account-private-key-file=/etc/kubernetes/signing.key',
    '--root-ca-file=/etc/kubernetes/pki/apiserver.crt',
    ...ranges,
  ];
}

/** There is one of each: nobody to elect a leader among. */
function client(name: string): readonly string[] {
  const config = configPath(name);
  return [
    `--kubeconfig=${config}`,
    `--authentication-kubeconfig=${config}`,
    `--authorization-kubeconfig=${config}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  ];
}
