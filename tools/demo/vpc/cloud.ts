import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import type { MachineSummary, Summary } from '../../../emulator/server/summary.ts';
import type { Topology } from '../../../emulator/server/topology.ts';
import { askSocket } from '../../../src/io/system/http-client.ts';
import { berthCommand } from '../../agent-command.ts';
import { type Enter, gone } from '../processes.ts';

const READY_MS = 20_000;

/** Where the cloud's API answers inside its VPC: emulator/fabric/numbers.ts. */
export const API = 'http://169.254.169.200';

/** Two zones. The subnet of the second is so small that it can run dry. */
const TOPOLOGY: Topology = {
  zones: ['us-east-1a', 'us-east-1b'],
  vpcs: [
    {
      name: 'demo',
      range: '10.0.0.0/16',
      subnets: [
        { name: 'subnet-a', zone: 'us-east-1a', range: '10.0.0.0/24' },
        { name: 'subnet-b', zone: 'us-east-1b', range: '10.0.1.0/27' },
      ],
      instances: [
        { name: 'node-1', subnet: 'subnet-a', type: 't3.medium', address: '10.0.0.10' },
        { name: 'node-2', subnet: 'subnet-a', type: 't3.medium', address: '10.0.0.11' },
        { name: 'node-3', subnet: 'subnet-b', type: 'm5.large', address: '10.0.1.10' },
      ],
    },
  ],
};

/** `berth emulator` as a process of its own, and an operator's hand on it. */
export class DemoCloud {
  readonly socket: string;
  readonly #process: ChildProcess;
  #machines: readonly MachineSummary[] = [];

  private constructor(socket: string, child: ChildProcess) {
    [this.socket, this.#process] = [socket, child];
  }

  /** With the delays and quotas of a usual day. Resolves when all instances run. */
  static async start(folder: string, wanted = TOPOLOGY): Promise<DemoCloud> {
    const [topology, socket, log] = [`${folder}/topology.json`, `${folder}/emulator.sock`, `${folder}/emulator.log`];
    writeFileSync(topology, JSON.stringify(wanted, null, 2));
    const { program, args } = berthCommand('emulator', '--admin', socket, 'start', '--topology', topology);
    const out = openSync(log, 'a');
    const cloud = new DemoCloud(socket, spawn(program, args, { stdio: ['ignore', out, out] }));
    const end = performance.now() + READY_MS;
    for (;;) {
      const machines = await cloud.#ask<readonly MachineSummary[]>('GET /v1/instances').catch(() => undefined);
      if (machines !== undefined) {
        cloud.#machines = machines;
        return cloud;
      }
      if (cloud.#process.exitCode !== null || performance.now() > end)
        throw new Error(`the emulator does not answer; its log:\n${readFileSync(log, 'utf8')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The instances, by their names. */
  get nodes(): readonly string[] {
    const names = this.#machines.map(({ name }) => name).filter((name) => name !== 'internet');
    return names.toSorted();
  }

  /** The way into an instance; "internet": the host beyond the gateway. */
  into(name: string): Enter {
    const machine = this.#machines.find((it) => it.name === name);
    const [enter, ...words] = machine?.enter ?? [];
    if (enter === undefined) throw new RangeError(`there is no machine ${name}`);
    return (program, args) => [enter, [...words, program, ...args]];
  }

  /** The way into no more than an instance's network. */
  network(name: string): Enter {
    const netns = this.#machines.find((it) => it.name === name)?.netns;
    if (netns === undefined) throw new RangeError(`there is no machine ${name}`);
    return (program, args) => ['nsenter', [`--net=${netns}`, '--', program, ...args]];
  }

  summary(): Promise<Summary> {
    return this.#ask('GET /v1/cloud');
  }

  /** What was dropped, in sentences. */
  async drops(): Promise<readonly string[]> {
    const all = await this.#ask<readonly { readonly sentence: string }[]>('GET /v1/drops');
    return all.map(({ sentence }) => sentence);
  }

  /** A NIC of somebody else's takes so many addresses of a subnet. */
  async takeAddresses(subnet: string, count: number): Promise<void> {
    await this.#operate({ do: 'create-nic', subnet, addresses: { count: count - 1 }, description: 'of another team' });
  }

  /** Takes a NIC away from under its instance, as an operator who errs. */
  async detach(nic: string): Promise<void> {
    await this.#operate({ do: 'detach-nic', of: { nic }, force: true });
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await gone(this.#process);
  }

  #operate(request: object): Promise<unknown> {
    return this.#ask('POST /v1/requests', request);
  }

  async #ask<T>(ask: string, body?: object): Promise<T> {
    const { status, text } = await askSocket({ socket: this.socket, ask, ...(body === undefined ? {} : { body }) });
    if (status !== 200) throw new Error(`${ask}: ${text}`);
    return JSON.parse(text) as T;
  }
}
