import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { askSocket } from '../../src/io/system/http-client.ts';
import { agentCommand } from '../agent-command.ts';
import { gone, type Enter } from './processes.ts';

const READY_MS = 30_000;

/** A running agent of the demo and the way to talk to it. */
export interface DemoAgent {
  readonly name: string; // of its node
  readonly socket: string;
  readonly adminSocket: string;
  readonly spool: string;
  readonly log: string;
  readonly process: ChildProcess;
}

export interface AgentPlace {
  readonly name: string;
  readonly folder: string; //  where all agents keep their things, each in one of its own
  readonly enter: Enter; //    the node
  readonly config: object; //  besides names and paths
}

/** Starts the agent of one node, with its own configuration, state and sockets under the folder. */
export function startAgent({ name, folder, enter, config }: AgentPlace): DemoAgent {
  const home = `${folder}/${name}`;
  mkdirSync(home, { recursive: true });
  const [socket, adminSocket, spool] = [`${home}/agent.sock`, `${home}/admin.sock`, `${home}/spool`];
  const paths = { socket, adminSocket, spool, state: `${home}/state` };
  const whole = { nodeName: name, paths, http: { listen: '127.0.0.1:9464' }, log: { level: 'info' }, ...config };
  writeFileSync(`${home}/agent.yaml`, JSON.stringify(whole, null, 2)); // JSON is YAML
  const log = `${home}/agent.log`;
  const agent = agentCommand(`${home}/agent.yaml`);
  const [program, args] = enter(agent.program, agent.args);
  const out = openSync(log, 'a');
  const child = spawn(program, args, { stdio: ['ignore', out, out], env: { ...withoutCloud(), ...agent.env } });
  return { name, socket, adminSocket, spool, log, process: child };
}

/** Our environment without what the user has of a real cloud: the demo's nodes have roles of their own. */
function withoutCloud(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return { ...Object.fromEntries(own), AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
}

/** Resolves when an ADD would succeed. */
export async function agentReady(agent: DemoAgent): Promise<void> {
  const end = performance.now() + READY_MS;
  for (;;) {
    if (agent.process.exitCode !== null) throw trouble(agent, 'ended');
    const ready = await admin(agent, '/readyz').catch(() => undefined);
    if (ready !== undefined) return;
    if (performance.now() > end) throw trouble(agent, 'is not ready');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Ends it as an operator does. */
export async function stopAgent({ process: agent }: DemoAgent): Promise<void> {
  agent.kill('SIGTERM');
  await gone(agent);
}

/** The log goes with the demo's folder, so its end is told here. */
function trouble({ name, log }: DemoAgent, what: string): Error {
  const end = readFileSync(log, 'utf8').trim().split('\n').slice(-12).join('\n');
  return new Error(`the agent of ${name} ${what}; the end of its log:\n${end}`);
}

/** One question to an agent's admin socket. Throws unless the answer is 200. */
export async function admin(agent: Pick<DemoAgent, 'adminSocket'>, path: string): Promise<string> {
  const { status, text } = await askSocket({ socket: agent.adminSocket, ask: `GET ${path}`, timeoutMs: 5_000 });
  if (status !== 200) throw new Error(text);
  return text;
}
