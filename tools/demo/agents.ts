import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { agentCommand } from '../agent-command.ts';
import { NODES, type DemoNode } from './fabric.ts';
import { inside } from './processes.ts';

const READY_MS = 20_000;

/** A running agent of the demo and the way to talk to it. */
export interface DemoAgent {
  readonly node: DemoNode;
  readonly socket: string;
  readonly adminSocket: string;
  readonly spool: string;
  readonly log: string;
  readonly process: ChildProcess;
}

/**
 * Starts one agent a node, each with its own configuration, state and sockets under `folder`. Resolves when all are
 * ready.
 */
export async function startAgents(folder: string): Promise<readonly DemoAgent[]> {
  const agents = NODES.map((node) => startAgent(folder, node));
  for (const agent of agents) await ready(agent);
  return agents;
}

function startAgent(folder: string, node: DemoNode): DemoAgent {
  const home = `${folder}/${node.name}`;
  mkdirSync(home, { recursive: true });
  const paths = {
    socket: `${home}/agent.sock`,
    adminSocket: `${home}/admin.sock`,
    state: `${home}/state`,
    spool: `${home}/spool`,
  };
  const config = `${home}/agent.yaml`;
  writeFileSync(config, JSON.stringify(configOf(node, paths), null, 2)); // JSON is YAML
  const log = `${home}/agent.log`;
  const agent = agentCommand(config);
  const [program, args] = inside(node.name, agent.program, agent.args);
  const out = openSync(log, 'a');
  const child = spawn(program, args, { stdio: ['ignore', out, out], env: { ...process.env, ...agent.env } });
  return { node, ...paths, log, process: child };
}

/** What a user would write for this node: its own ranges, the cluster's, and the other nodes. */
function configOf(node: DemoNode, paths: object): object {
  const peers = NODES.filter((other) => other !== node);
  return {
    nodeName: node.name,
    network: {
      mode: 'routed',
      ranges: node.ranges,
      cluster: ['10.77.0.0/16', 'fd77::/16'],
      peers: peers.map(({ name, addresses, ranges }) => ({ name, addresses, ranges })),
    },
    paths,
    http: { listen: '127.0.0.1:9464' },
    log: { level: 'info' },
  };
}

async function ready(agent: DemoAgent): Promise<void> {
  const end = Date.now() + READY_MS;
  for (;;) {
    if (agent.process.exitCode !== null) throw trouble(agent, 'ended');
    if (
      await admin(agent, '/readyz').then(
        () => true,
        () => false,
      )
    )
      return;
    if (Date.now() > end) throw trouble(agent, 'is not ready');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The log goes with the demo's folder, so its end is told here. */
function trouble({ node, log }: DemoAgent, what: string): Error {
  const end = readFileSync(log, 'utf8').trim().split('\n').slice(-12).join('\n');
  return new Error(`the agent of ${node.name} ${what}; the end of its log:\n${end}`);
}

/** One question to an agent's admin socket. Throws unless the answer is 200. */
export function admin(agent: Pick<DemoAgent, 'adminSocket'>, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath: agent.adminSocket, path, agent: false, timeout: 5_000 }, (response) => {
      let body = '';
      response.on('data', (bytes: Buffer) => {
        body += bytes.toString();
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))));
    });
    ask.on('error', reject);
    ask.end();
  });
}
