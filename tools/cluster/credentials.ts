import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** Who talks to the API server, and as what. */
interface Account {
  readonly name: string; //   in files
  readonly user: string;
  readonly groups: readonly string[];
}

/** Secrets of one run of a cluster. */
export interface Credentials {
  readonly tokens: ReadonlyMap<string, string>; // by name of the account
  readonly tokenFile: string; //                  as the API server reads it
  readonly signingKey: string; //                 of service accounts' tokens, PEM
}

/** As whom Berth's agents ask the API server. */
export const AGENT_USER = 'berth-agent';

const CONTROL_PLANE: readonly Account[] = [
  { name: 'admin', user: 'admin', groups: ['system:masters'] },
  { name: 'controllers', user: 'system:kube-controller-manager', groups: ['system:masters'] },
  { name: 'scheduler', user: 'system:kube-scheduler', groups: [] },
  { name: 'proxy', user: 'system:kube-proxy', groups: [] },
  { name: 'agent', user: AGENT_USER, groups: [] },
];

/** New secrets: for the control plane, an administrator, and each node as a kubelet is named. */
export function newCredentials(nodes: readonly string[]): Credentials {
  const kubelets = nodes.map((name) => ({ name, user: `system:node:${name}`, groups: ['system:nodes'] }));
  const accounts = [...CONTROL_PLANE, ...kubelets];
  const tokens = new Map(accounts.map(({ name }) => [name, randomBytes(24).toString('hex')]));
  const lines = accounts.map(({ name, user, groups }) => `${tokens.get(name)},${user},${name},"${groups.join(',')}"`);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signingKey = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  return { tokens, tokenFile: `${lines.join('\n')}\n`, signingKey };
}

/** Where an API server is reached. */
export interface Door {
  readonly server: string;
  readonly certificate: string; // PEM, also of who signed it
}

/**
 * A kubeconfig of one account. JSON is YAML. The server's certificate is for its service's name, whatever address it
 * is reached by.
 */
export function kubeconfig({ server, certificate }: Door, token: string): string {
  const named = {
    clusters: [
      {
        name: 'berth',
        cluster: {
          server,
          'certificate-authority-data': Buffer.from(certificate).toString('base64'),
          'tls-server-name': 'kubernetes.default.svc',
        },
      },
    ],
    users: [{ name: 'berth', user: { token } }],
    contexts: [{ name: 'berth', context: { cluster: 'berth', user: 'berth' } }],
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...named, 'current-context': 'berth' }, null, 2);
}

/** The token of an account. Throws for one that there is none of. */
export function tokenOf({ tokens }: Credentials, name: string): string {
  const token = tokens.get(name);
  if (token === undefined) throw new RangeError(`there is no account ${name}`);
  return token;
}
