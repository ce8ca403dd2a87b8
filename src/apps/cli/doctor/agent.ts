import { utf8 } from '../../../base/bytes.ts';
import { counted } from '../../../base/words.ts';
import { SocketError } from '../../../io/system/socket-error.ts';
import type { Finding } from '../../../wire/agent/status.ts';
import { startIt } from '../ask.ts';
import { bad, doubtful, good, type NodeView, skipped } from './view.ts';

const USUAL_SOCKET = '/run/berth/agent.sock'; // native/shim

/** Does an agent answer, and is it well? */
export function checkAgent({ agent, config }: NodeView): readonly Finding[] {
  if (agent === undefined) return [bad('agent', `none answers on ${config.paths.adminSocket}`, startIt())];
  const known = good('agent', `version ${agent.version} answers, ${counted(agent.attachments, 'attachment')}`);
  return [known, ...agent.degraded.map((says) => bad('agent', says, 'see "berth status" and the log of the agent'))];
}

/** Does the socket of the CNI executable answer STATUS? That is what a runtime makes of this node. */
export async function checkSocket(node: NodeView): Promise<readonly Finding[]> {
  const { socket } = node.config.paths;
  try {
    const { exitCode, stdout } = await node.cniStatus();
    if (exitCode === 0) return [good('socket', `${socket} answers STATUS: an ADD would succeed`), ...elsewhere(socket)];
    const { msg, details } = errorOf(stdout);
    return [bad('socket', `STATUS says: ${msg}`, details)];
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    if (node.agent === undefined) return [skipped('socket', 'no agent')];
    return [bad('socket', error.message, 'the agent runs and its CNI socket does not answer: see its log')];
  }
}

/** A socket that the executable does not know of by itself. */
function elsewhere(socket: string): readonly Finding[] {
  if (socket === USUAL_SOCKET) return [];
  const says = `the CNI executable looks for the agent on ${USUAL_SOCKET}, and it is on ${socket}`;
  return [doubtful('socket', says, "set BERTH_SOCKET in the runtime's environment, or paths.socket as it was")];
}

/** The environment and configuration of a STATUS call as a runtime makes it. */
export function statusCall(network: string) {
  const config = { cniVersion: '1.1.0', name: network, type: 'berth-cni' };
  return { env: { CNI_COMMAND: 'STATUS', CNI_PATH: '/opt/cni/bin' }, stdin: utf8(JSON.stringify(config)) };
}

/** The message of a CNI error document. */
export function errorOf(stdout: string): { readonly msg: string; readonly details: string } {
  try {
    const { msg = stdout, details = '' } = JSON.parse(stdout) as { msg?: string; details?: string };
    return { msg, details };
  } catch {
    return { msg: stdout, details: '' };
  }
}
