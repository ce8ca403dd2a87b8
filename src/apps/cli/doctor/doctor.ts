import type { Finding } from '../../../wire/agent/status.ts';
import { checkAgent, checkSocket } from './agent.ts';
import { checkConflist } from './conflist.ts';
import { checkClock, checkDisk } from './disk.ts';
import { checkForward, checkLinkManagers } from './foreign.ts';
import { checkKernelFeatures } from './kernel-features.ts';
import { checkConntrack, checkMtu } from './link.ts';
import { checkSettings } from './settings.ts';
import { checkSysctls } from './sysctls.ts';
import { type Check, type NodeView, skipped } from './view.ts';

/** Every look at a node, by the word in its findings. */
const CHECKS: Readonly<Record<string, Check>> = {
  agent: checkAgent,
  config: checkSettings,
  socket: checkSocket,
  conflist: checkConflist,
  kernel: checkKernelFeatures,
  sysctls: checkSysctls,
  forward: checkForward,
  'link managers': checkLinkManagers,
  mtu: checkMtu,
  conntrack: checkConntrack,
  disk: checkDisk,
  clock: checkClock,
};

/** Looks at everything and changes nothing. A look that fails says so and stops no other. */
export async function examine(node: NodeView): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      findings.push(...(await check(node)));
    } catch (error) {
      findings.push(skipped(name, `could not look: ${error instanceof Error ? error.message : String(error)}`));
    }
  }
  return findings;
}
