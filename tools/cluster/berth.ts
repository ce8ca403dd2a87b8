import { copyFileSync } from 'node:fs';
import { until } from '../../test/runtime/node.ts';
import { agentCommand } from '../agent-command.ts';
import { admin } from '../demo/agent.ts';
import { endOf } from './log.ts';
import type { ClusterNode } from './node/node.ts';
import { CLONE } from './shared.ts';

const READY_MS = 60_000;
const ADMIN = '/run/berth/admin.sock';

/** The name of the network in CNI: whatever the conflist says, and what the runtime calls DEL with. */
const CONFLIST = {
  cniVersion: '1.0.0', // containerd 1 speaks no newer one
  name: 'berth',
  plugins: [{ type: 'berth-cni', capabilities: { portMappings: true, bandwidth: true, dns: true } }],
} as const;

/**
 * Installs Berth on a node: the executable, the agent as a process with this kubeconfig, and last, when an ADD would
 * succeed, the conflist, by a rename. The node turns Ready then.
 */
export async function startBerth(node: ClusterNode, access: string, config: object): Promise<void> {
  const paths = { socket: '/run/berth/agent.sock', adminSocket: ADMIN };
  const kubernetes = { access: 'kubeconfig', kubeconfig: '/etc/berth/kubeconfig' };
  const whole = { nodeName: node.name, paths, http: { listen: '127.0.0.1:9464' }, kubernetes, ...config };
  node.write(kubernetes.kubeconfig, access, 0o600);
  node.write('/etc/berth/config.yaml', JSON.stringify(whole, null, 2)); // JSON is YAML
  copyFileSync(`${CLONE}/build/berth-cni`, node.outside('/opt/cni/bin/berth-cni'));
  const { program, args, env } = agentCommand('/etc/berth/config.yaml');
  const agent = node.start('berth-agent', program, args, env);
  await until(READY_MS, `the agent of ${node.name} is ready`, () => isReady(node, agent.exitCode)).catch(
    (cause: unknown) => {
      throw new Error(`its log ends so:\n${endOf(node.logFile('berth-agent'))}`, { cause });
    },
  );
  node.write('/etc/cni/net.d/.berth', JSON.stringify(CONFLIST));
  node.run('mv', '/etc/cni/net.d/.berth', '/etc/cni/net.d/10-berth.conflist');
}

async function isReady(node: ClusterNode, ended: number | null): Promise<boolean> {
  if (ended !== null) throw new Error(`the agent of ${node.name} ended`);
  return admin({ adminSocket: node.outside(ADMIN) }, '/readyz').then(
    () => true,
    () => false,
  );
}
