import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { gone } from '../demo/processes.ts';
import type { ControlPlane } from './control-plane.ts';
import { type Credentials, kubeconfig, tokenOf } from './credentials.ts';
import type { ClusterNode } from './node/node.ts';
import { KUBE } from './shared.ts';

const CONFIG = '/etc/kubernetes/admin.kubeconfig';
const LIMIT_MS = 120_000;

/** Runs kubectl as an administrator, with something on its stdin. Answers what it printed. */
export type Kubectl = (args: readonly string[], input?: object) => Promise<string>;

/** Where the control plane is, and who may ask it. */
export interface ControlSeat {
  readonly control: ClusterNode;
  readonly plane: ControlPlane;
  readonly credentials: Credentials;
}

/** A kubectl on the machine of the control plane. Throws with what it said. */
export function kubectlOf({ control, plane, credentials }: ControlSeat): Kubectl {
  control.write(CONFIG, kubeconfig(plane.door, tokenOf(credentials, 'admin')), 0o600);
  return async (args, input) => {
    const words = ['kubectl', `--kubeconfig=${CONFIG}`, ...args];
    const child = spawn(...control.enter(KUBE, words), { stdio: ['pipe', 'pipe', 'pipe'], timeout: LIMIT_MS });
    child.stdin.on('error', () => {}); // it ended without reading
    child.stdin.end(input === undefined ? '' : JSON.stringify(input));
    const [said, trouble] = await Promise.all([text(child.stdout), text(child.stderr), gone(child)]);
    if (child.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${trouble}${said}`);
    return said;
  };
}
