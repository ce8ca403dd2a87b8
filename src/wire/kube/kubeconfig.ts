import { type Loose, loose, looseList, ShapeError, text } from './object.ts';

/** A secret or certificate: in the file itself, base64 of it, or in a file of its own. */
export type Held =
  | { readonly in: 'text'; readonly text: string }
  | { readonly in: 'base64'; readonly text: string }
  | { readonly in: 'file'; readonly path: string };

/** What the current context of a kubeconfig file says. */
export interface KubeconfigAccess {
  readonly server: string; // "https://10.0.0.1:6443"
  readonly serverName: string | undefined;
  readonly insecure: boolean;
  readonly ca: Held | undefined;
  readonly token: Held | undefined;
  readonly certificate: Held | undefined;
  readonly key: Held | undefined;
}

/**
 * Reads a kubeconfig (client.authentication, k8s.io/client-go/tools/clientcmd/api/v1). Throws ShapeError: what is
 * missing, or a way to sign in that needs a program, which an agent does not run.
 */
export function readKubeconfig(value: unknown): KubeconfigAccess {
  const file = loose(value);
  const context = named(file, 'contexts', text(file['current-context']), 'context');
  const cluster = named(file, 'clusters', text(context['cluster']), 'cluster');
  const user = context['user'] === undefined ? {} : named(file, 'users', text(context['user']), 'user');
  const server = text(cluster['server']);
  if (!/^https?:\/\//.test(server)) throw new ShapeError(`the cluster's server is no URL: "${server}"`);
  for (const way of ['exec', 'auth-provider', 'username'])
    if (user[way] !== undefined) throw new ShapeError(`the user signs in by ${way}: use a token or a certificate`);
  return {
    server,
    serverName: text(cluster['tls-server-name']) || undefined,
    insecure: cluster['insecure-skip-tls-verify'] === true,
    ca: held(cluster, 'certificate-authority'),
    token: inFile(user['tokenFile']) ?? plain(user['token']),
    certificate: held(user, 'client-certificate'),
    key: held(user, 'client-key'),
  };
}

/** The entry of that name in a list of {name, <of>: …}. */
function named(file: Loose, list: string, name: string, of: string): Loose {
  const found = looseList(file[list]).find((it) => it['name'] === name);
  if (found === undefined) throw new ShapeError(`${list} has no entry "${name}"`);
  return loose(found[of]);
}

function held(from: Loose, key: string): Held | undefined {
  const data = text(from[`${key}-data`]);
  return data === '' ? inFile(from[key]) : { in: 'base64', text: data };
}

function inFile(value: unknown): Held | undefined {
  return text(value) === '' ? undefined : { in: 'file', path: text(value) };
}

function plain(value: unknown): Held | undefined {
  return text(value) === '' ? undefined : { in: 'text', text: text(value) };
}
