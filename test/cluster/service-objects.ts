import { IMAGE } from '../runtime/node.ts';

/** Pods of node-1: as many as an instance has NICs of one address for pods each. */
export const SERVERS = ['first', 'second'] as const;

const POLICIES = ['Local', 'Cluster'] as const;

/** A page that says who answers, and whom it sees: its socket is of IPv6, "[::ffff:10.0.0.1]". */
const SERVE = `mkdir -p /cgi-bin
cat > /cgi-bin/who <<'END'
#!/bin/busybox sh
from=\${REMOTE_ADDR#\\[::ffff:}
printf 'Content-Type: text/plain\\r\\n\\r\\n%s %s\\n' "$(/bin/busybox hostname)" "\${from%]}"
END
chmod +x /cgi-bin/who
exec httpd -f -p 80 -h /`;

/**
 * Two servers on node-1, a client on node-3; for each server a Service with a port of the nodes of either policy; and
 * one of both that stays with a client.
 */
export function serviceObjects(): object {
  const services = SERVERS.flatMap((name) => POLICIES.map((policy) => nodePort(name, policy)));
  const pods = [pod('elsewhere', 'node-3'), ...SERVERS.map((name) => pod(name, 'node-1'))];
  const sticky = service('sticky', { selector: { serves: 'yes' }, sessionAffinity: 'ClientIP' });
  return { apiVersion: 'v1', kind: 'List', items: [...pods, ...services, sticky] };
}

function nodePort(name: string, externalTrafficPolicy: (typeof POLICIES)[number]): object {
  return service(`${name}-${externalTrafficPolicy.toLowerCase()}`, {
    type: 'NodePort',
    selector: { app: name },
    externalTrafficPolicy,
  });
}

function service(name: string, spec: object): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ...spec, ports: [{ port: 80 }] } };
}

function pod(name: string, node: string): object {
  const serves = SERVERS.some((it) => it === name) ? 'yes' : 'no';
  const script = `/bin/busybox --install -s /bin; ${SERVE}`;
  const server = {
    name: 'server',
    image: IMAGE,
    imagePullPolicy: 'Never',
    command: ['/bin/busybox', 'sh', '-c', script],
  };
  const readinessProbe = { httpGet: { path: '/cgi-bin/who', port: 80 }, periodSeconds: 1 };
  const spec = { nodeName: node, terminationGracePeriodSeconds: 0, containers: [{ ...server, readinessProbe }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name, serves } }, spec };
}
