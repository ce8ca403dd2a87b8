import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';
import { type Credentials, kubeconfig, tokenOf } from './credentials.ts';
import type { ClusterNode } from './node/node.ts';
import { imagesOf } from './places.ts';
import { IMAGES } from './shared.ts';

/** The Service's address: kubelets tell it to every pod. */
export const DNS = '10.96.0.10';

const [CONFIG, COREFILE] = ['/etc/kubernetes/dns.kubeconfig', '/etc/kubernetes/Corefile'] as const;
const [SERVICE, NAMESPACE] = ['kube-dns', 'kube-system'] as const; // as everybody knows it

/** What the cluster's DNS is started with. */
export interface DnsSpec {
  readonly folder: string; //  the cluster's
  readonly program: string; // CoreDNS
  readonly node: ClusterNode;
  readonly address: string; // of that node
  readonly credentials: Credentials;
}

/** CoreDNS as a process beside the control plane, behind the Service that pods ask. */
export async function startDns({ api, door }: ControlPlane, spec: DnsSpec): Promise<void> {
  const { folder, program, node, address, credentials } = spec;
  copyFileSync(program, join(imagesOf(folder), 'berth-dns')); // a folder that nodes see
  node.write(CONFIG, kubeconfig(door, tokenOf(credentials, 'admin')), 0o600);
  node.write(COREFILE, corefile(address));
  node.start('dns', join(IMAGES, 'berth-dns'), ['-conf', COREFILE]);
  const ports = (['UDP', 'TCP'] as const).map((protocol) => ({
    name: `dns-${protocol.toLowerCase()}`,
    protocol,
    port: 53,
  }));
  await api.ask('POST', `/api/v1/namespaces/${NAMESPACE}/services`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: SERVICE },
    spec: { clusterIP: DNS, ports }, // without a selector: its endpoints are told by hand
  });
  await api.ask('POST', `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: SERVICE, labels: { 'kubernetes.io/service-name': SERVICE } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  });
}

/** Names of Services and of pods; there is nobody to ask for others. */
function corefile(address: string): string {
  return `.:53 {
  bind ${address}
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${CONFIG}
    pods verified
  }
}
`;
}
