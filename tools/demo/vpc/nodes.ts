import { type ChildProcess, spawn } from 'node:child_process';
import { resolve as absolute } from 'node:path';
import { admin, agentReady, type DemoAgent, startAgent } from '../agent.ts';
import type { Launch } from '../processes.ts';
import type { PoolReply } from '../../../src/wire/agent/cloud.ts';
import { API, type DemoCloud } from './cloud.ts';
import type { Answer, Order } from './orders.ts';

/** A pod with its address, and how long the runtime waited for it. */
export interface DemoPod {
  readonly name: string;
  readonly node: DemoNode;
  readonly address: string;
  readonly addMs: number;
}

interface Waiting {
  readonly answered: (answer: Answer) => void;
  readonly failed: (error: Error) => void;
}

/** An instance with its agent and its runtime. */
export class DemoNode {
  readonly name: string;
  readonly agent: DemoAgent;
  readonly #runtime: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  private constructor(name: string, agent: DemoAgent, [program, args]: Launch) {
    [this.name, this.agent] = [name, agent];
    const env = { ...process.env, BERTH_SOCKET: agent.socket, BERTH_SPOOL: agent.spool };
    this.#runtime = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#runtime.on('message', ({ id, answer }: { id: number; answer: Answer }) => {
      this.#waiting.get(id)?.answered(answer);
      this.#waiting.delete(id);
    });
    this.#runtime.once('exit', () => {
      for (const { failed } of this.#waiting.values()) failed(new Error(`the runtime of ${name} has ended`));
    });
  }

  /** Resolves when the agent knows its NICs, and has its first addresses. */
  static async start(cloud: DemoCloud, name: string, folder: string): Promise<DemoNode> {
    const enter = cloud.into(name);
    // all that a node's operator writes; who it is, and its keys, metadata tell
    const config = { provider: 'aws', aws: { endpoint: API, cluster: 'demo' } };
    const agent = startAgent({ name, folder, enter, config });
    const file = absolute(import.meta.dirname, 'runtime.ts');
    const node = new DemoNode(name, agent, enter(process.execPath, [file]));
    await Promise.all([agentReady(agent), node.#answer(0)]);
    while (!(await node.#isWarm())) await new Promise((resolve) => setTimeout(resolve, 50));
    return node;
  }

  /** A new pod; a string: why not, in the words of the CNI executable. */
  async add(name: string): Promise<DemoPod | Refused> {
    const { ok, text, ms } = await this.#order({ do: 'add', pod: name });
    if (!ok) return refused(text);
    const { ips } = JSON.parse(text) as { ips: { address: string }[] };
    return { name, node: this, address: ips[0]?.address.split('/')[0] ?? '', addMs: ms };
  }

  /** Throws when it cannot be. */
  async delete({ name }: DemoPod): Promise<void> {
    const { ok, text } = await this.#order({ do: 'delete', pod: name });
    if (!ok) throw new Error(`${name} was not detached: ${text}`);
  }

  /** The address under which the other side sees a pod, or what went wrong. */
  async seenAs({ name }: DemoPod, address: string): Promise<string> {
    return (await this.#order({ do: 'ask', pod: name, address })).text;
  }

  /** Whether a pod would have its address at once. */
  async #isWarm(): Promise<boolean> {
    const { families } = JSON.parse(await admin(this.agent, '/v1/pool')) as PoolReply;
    return families.some(({ free }) => free > 0);
  }

  stopRuntime(): void {
    this.#runtime.disconnect();
  }

  #order(order: Order): Promise<Answer> {
    const id = ++this.#last;
    const answer = this.#answer(id);
    this.#runtime.send({ id, order });
    return answer;
  }

  #answer(id: number): Promise<Answer> {
    return new Promise((answered, failed) => this.#waiting.set(id, { answered, failed }));
  }
}

/** A CNI error. */
export interface Refused {
  readonly code: number;
  readonly msg: string;
  readonly details: string;
}

function refused(text: string): Refused {
  const { code, msg, details = '' } = JSON.parse(text) as { code: number; msg: string; details?: string };
  return { code, msg, details };
}
