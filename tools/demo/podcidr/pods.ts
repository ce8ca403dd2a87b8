import { spawnSync } from 'node:child_process';
import type { DemoAgent } from '../agent.ts';
import { into, run, Talker } from '../processes.ts';
import type { DemoNode } from './fabric.ts';

/** A pod of the demo: a namespace, its attachment as the CNI executable answered it, and a process inside. */
export interface DemoPod {
  readonly name: string;
  readonly node: DemoNode;
  readonly agent: DemoAgent;
  readonly addresses: readonly string[];
  readonly addMs: number; // the whole exec, as a runtime would wait for it
  readonly talker: Talker;
}

/** What the CNI executable said. */
export interface CniAnswer {
  readonly ok: boolean;
  readonly body: string;
  readonly ms: number;
}

const PLUGIN = 'build/berth-cni';

/** Executes the plugin as a runtime does: environment and configuration in, JSON out. */
export function callPlugin(agent: DemoAgent, verb: 'ADD' | 'DEL', pod: string, cniArgs = ''): CniAnswer {
  const env = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: `demo-${pod}`,
    CNI_NETNS: `/run/netns/${pod}`,
    CNI_IFNAME: 'eth0',
    CNI_PATH: 'build',
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=demo;K8S_POD_NAME=${pod}${cniArgs}`,
    BERTH_SOCKET: agent.socket,
    BERTH_SPOOL: agent.spool,
  };
  const stdin = JSON.stringify({ cniVersion: '1.1.0', name: 'demo', type: 'berth-cni', capabilities: { ips: true } });
  const began = performance.now();
  const { status, stdout } = spawnSync(PLUGIN, { env, input: stdin, encoding: 'utf8', timeout: 100_000 });
  return { ok: status === 0, body: stdout, ms: performance.now() - began };
}

/** Makes the namespace, attaches it, and starts the pod's process. Throws with the plugin's own words. */
export async function startPod(node: DemoNode, agent: DemoAgent, name: string): Promise<DemoPod> {
  run('ip', ['netns', 'add', name]);
  const answer = callPlugin(agent, 'ADD', name);
  if (!answer.ok) throw new Error(`${name} was not attached: ${answer.body}`);
  const { ips } = JSON.parse(answer.body) as { ips: { address: string }[] };
  const addresses = ips.map(({ address }) => address.slice(0, address.indexOf('/')));
  const talker = await Talker.start(into(name), 'tools/demo/pod.ts');
  return { name, node, agent, addresses, addMs: answer.ms, talker };
}

/** Ends the pod as a runtime does. */
export function stopPod(pod: DemoPod): void {
  pod.talker.stop();
  const answer = callPlugin(pod.agent, 'DEL', pod.name);
  if (!answer.ok) throw new Error(`${pod.name} was not detached: ${answer.body}`);
  run('ip', ['netns', 'delete', pod.name]);
}
