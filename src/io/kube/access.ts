import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Clock, Millis } from '../../base/clock.ts';
import { type Held, readKubeconfig } from '../../wire/kube/kubeconfig.ts';
import { KubeError } from './client.ts';

/** Where the API server is and how it is sure of us, now: files may have been replaced since. */
export interface Access {
  readonly server: URL;
  readonly serverName: string | undefined; // of its certificate, when that is not the server's host
  readonly insecure: boolean; //             its certificate is not looked at
  readonly ca: string | undefined; //        PEM
  readonly token: string | undefined;
  readonly certificate: string | undefined; // PEM
  readonly key: string | undefined; //         PEM
}

/** Answers the access of now. `anew`: the last one was refused. Throws KubeError(unusable). */
export type AccessSource = (anew?: boolean) => Access;

/** Where a pod finds its service account: Kubernetes, "Accessing the Kubernetes API from a Pod". */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The kubelet replaces tokens long before they end; reading the file is cheap. */
const FRESH_MS: Millis = 30_000;

export interface InClusterQuestion {
  readonly folder?: string; // default SERVICE_ACCOUNT
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly server?: string | undefined; // instead of the Service's, which needs kube-proxy on this node
  readonly clock: Clock;
}

/** The service account of the pod that we run in. */
export function inClusterAccess({ folder = SERVICE_ACCOUNT, environment, server, clock }: InClusterQuestion) {
  return fresh(clock, () => {
    const host = environment['KUBERNETES_SERVICE_HOST'];
    if (server === undefined && !host)
      throw new KubeError('unusable', 'KUBERNETES_SERVICE_HOST is not set: this is no pod, or set kubernetes.server');
    const port = environment['KUBERNETES_SERVICE_PORT'] || '443';
    const url = server ?? `https://${host?.includes(':') ? `[${host}]` : host}:${port}`;
    return {
      ...nothing(url),
      ca: fileText(`${folder}/ca.crt`),
      token: fileText(`${folder}/token`).trim(),
    };
  });
}

/** A kubeconfig file, such as the kubelet's own. The file and those that it names are read again and again. */
export function kubeconfigAccess({ path, clock }: { readonly path: string; readonly clock: Clock }): AccessSource {
  const held = (it: Held | undefined) => (it === undefined ? undefined : textOf(it, path));
  return fresh(clock, () => {
    try {
      const { server, token, ...said } = readKubeconfig(parse(fileText(path)));
      const [ca, certificate, key] = [held(said.ca), held(said.certificate), held(said.key)];
      const { serverName, insecure } = said;
      return { ...nothing(server), serverName, insecure, ca, token: held(token)?.trim(), certificate, key };
    } catch (cause) {
      if (cause instanceof KubeError) throw cause;
      throw new KubeError('unusable', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  });
}

/** Reads at most so often, and at once when what was read was refused. What cannot be read anew is used on. */
function fresh(clock: Clock, read: () => Access): AccessSource {
  let last: { readonly access: Access; readonly at: Millis } | undefined;
  return (anew = false) => {
    const now = clock.steady();
    if (last !== undefined && !anew && now - last.at < FRESH_MS) return last.access;
    try {
      last = { access: read(), at: now };
    } catch (error) {
      if (last === undefined) throw error;
      last = { ...last, at: now };
    }
    return last.access;
  };
}

function nothing(server: string): Access {
  if (!URL.canParse(server)) throw new KubeError('unusable', `the API server's address is no URL: ${server}`);
  const none = { serverName: undefined, ca: undefined, token: undefined, certificate: undefined, key: undefined };
  return { server: new URL(server), insecure: false, ...none };
}

function textOf(held: Held, kubeconfig: string): string {
  if (held.in === 'text') return held.text;
  if (held.in === 'base64') return Buffer.from(held.text, 'base64').toString('utf8');
  const relative = kubeconfig.slice(0, kubeconfig.lastIndexOf('/') + 1);
  return fileText(held.path.startsWith('/') ? held.path : `${relative}${held.path}`);
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new KubeError('unusable', `cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}
