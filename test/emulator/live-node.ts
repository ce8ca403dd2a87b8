import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { type Agent, startAgent } from '../../src/apps/node-agent/agent.ts';
import type { KubeDoors } from '../../src/apps/node-agent/cluster-runner.ts';
import { countNothing } from '../../src/apps/node-agent/doors.ts';
import type { NicProvider } from '../../src/io/cloud/provider.ts';
import type { AgentConfig } from '../../src/io/config/agent-config.ts';
import { parseConfig } from '../../src/io/config/load.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';
import { linuxDisk } from '../../src/io/store/linux-disk.ts';
import { openJournal } from '../../src/io/store/open-journal.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { Space } from '../kernel/space.ts';

/** A pod with its address. */
export interface LivePod {
  readonly name: string;
  readonly address: string; //              the first of them
  readonly addresses: readonly string[]; // one of each family
  readonly space: Space;
  readonly result: string; //               of its ADD
}

/** `config`: lines of the agent's configuration; `directory`: where it keeps what it knows; `clock`: else real. */
export interface LiveOptions {
  readonly config?: string;
  readonly kube?: KubeDoors;
  readonly directory?: string;
  readonly clock?: Clock;
}

/** The whole agent in the machine of an instance, with the real kernel. Close it. */
export class LiveNode {
  readonly name: string;
  readonly agent: Agent;
  readonly directory: string; // of what it knows
  readonly #end: () => Promise<() => void>;
  readonly #pods: LivePod[] = [];

  private constructor(of: Pick<LiveNode, 'name' | 'agent' | 'directory'>, end: () => Promise<() => void>) {
    [this.name, this.agent, this.directory, this.#end] = [of.name, of.agent, of.directory, end];
  }

  /** `machine` is the path of its network namespace. */
  static async open(
    name: string,
    machine: string,
    provider: NicProvider,
    {
      config = PLAIN,
      kube,
      directory = mkdtempSync(join(tmpdir(), 'berth-live-')),
      clock = realClock,
    }: LiveOptions = {},
  ): Promise<LiveNode> {
    const { journal, recovery } = openJournal({ disk: linuxDisk(directory), clock });
    const kernel = LinuxKernel.open({ netns: machine, nft: (netns) => openNft({ log: silent, netns }) });
    const agent = await startAgent({
      kernel,
      journal,
      recovery,
      clock,
      log: silent,
      meter: countNothing,
      spool: { entries: () => [], remove: () => {}, watch: () => () => {} },
      bootId: 'this one',
      provider,
      config: configOf(name, config),
      ...(kube === undefined ? {} : { kube }),
    });
    return new LiveNode({ name, agent, directory }, async () => {
      await agent.stop();
      await kernel.close();
      await journal.close();
      return () => rmSync(directory, { recursive: true });
    });
  }

  /** A pod through ADD, that answers every client with the client's address. Throws what ADD refuses. */
  async pod(name: string, portMappings: readonly object[] = [], args = ''): Promise<LivePod> {
    const space = await Space.open();
    const env = {
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: `${this.name}-${name}`,
      CNI_NETNS: space.path,
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/nowhere',
      ...(args === '' ? {} : { CNI_ARGS: args }),
    };
    const plugin = { cniVersion: '1.1.0', name: 'pods', type: 'berth-cni', capabilities: { portMappings: true } };
    const stdin = utf8(JSON.stringify({ ...plugin, runtimeConfig: { portMappings } }));
    const { exitCode, stdout } = await this.agent.handle({ env, stdin });
    if (exitCode !== 0) {
      await space.close();
      throw new Error(stdout);
    }
    const { ips } = JSON.parse(stdout) as { ips: { address: string }[] };
    const addresses = ips.map(({ address }) => address.split('/')[0] ?? '');
    const pod = { name: `${this.name}/${name}`, address: addresses[0] ?? '', addresses, space, result: stdout };
    this.#pods.push(pod);
    for (const address of addresses) await space.listen('tcp', address, 80);
    return pod;
  }

  /** DEL of a pod; its sandbox ends. */
  async remove(pod: LivePod): Promise<void> {
    const said = await this.#call('DEL', pod);
    await pod.space.close();
    if (said !== '') throw new Error(said);
  }

  /** What CHECK finds wrong; '' : nothing. */
  check(pod: LivePod): Promise<string> {
    return this.#call('CHECK', pod, { prevResult: JSON.parse(pod.result) as object });
  }

  async #call(verb: 'CHECK' | 'DEL', { name, space }: LivePod, more: object = {}): Promise<string> {
    const env = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: name.replace('/', '-'),
      CNI_NETNS: space.path,
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/nowhere',
    };
    const stdin = utf8(JSON.stringify({ cniVersion: '1.1.0', name: 'pods', type: 'berth-cni', ...more }));
    const { exitCode, stdout } = await this.agent.handle({ env, stdin });
    return exitCode === 0 ? '' : stdout;
  }

  /** Ends the agent alone. Pods live, and another may begin with the directory that this answers. */
  async end(): Promise<string> {
    await this.#end();
    return this.directory;
  }

  /** Takes on other lines of configuration while it runs. */
  reconfigure(lines: string): Promise<void> {
    return this.agent.reconfigure(configOf(this.name, lines));
  }

  async close(): Promise<void> {
    await Promise.all(this.#pods.map(({ space }) => space.close()));
    (await this.#end())();
  }
}

const PLAIN = 'network: { tunnel: { use: never } }\n';

function configOf(nodeName: string, lines: string): AgentConfig {
  return parseConfig(`nodeName: ${nodeName}\nprovider: aws\n${lines}`).config;
}
