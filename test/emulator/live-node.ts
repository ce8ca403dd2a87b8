import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silent } from '../../src/base/log.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { type Agent, startAgent } from '../../src/apps/node-agent/agent.ts';
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
}

/** The whole agent in the machine of an instance, with the real kernel. Close it. */
export class LiveNode {
  readonly name: string;
  readonly agent: Agent;
  readonly #close: () => Promise<void>;
  readonly #pods: LivePod[] = [];

  private constructor(name: string, agent: Agent, close: () => Promise<void>) {
    [this.name, this.agent, this.#close] = [name, agent, close];
  }

  /** `machine` is the path of its network namespace, `config` lines of the agent's configuration. */
  static async open(name: string, machine: string, provider: NicProvider, config = PLAIN): Promise<LiveNode> {
    const directory = mkdtempSync(join(tmpdir(), 'berth-live-'));
    const { journal, recovery } = openJournal({ disk: linuxDisk(directory), clock: realClock });
    const kernel = LinuxKernel.open({ netns: machine, nft: (netns) => openNft({ log: silent, netns }) });
    const agent = await startAgent({
      kernel,
      journal,
      recovery,
      clock: realClock,
      log: silent,
      meter: countNothing,
      spool: { entries: () => [], remove: () => {}, watch: () => () => {} },
      bootId: 'this one',
      provider,
      config: configOf(name, config),
    });
    return new LiveNode(name, agent, async () => {
      await agent.stop();
      await kernel.close();
      await journal.close();
      rmSync(directory, { recursive: true });
    });
  }

  /** A pod through ADD, that answers every client with the client's address. Throws what ADD refuses. */
  async pod(name: string, portMappings: readonly object[] = []): Promise<LivePod> {
    const space = await Space.open();
    const env = {
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: `${this.name}-${name}`,
      CNI_NETNS: space.path,
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/nowhere',
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
    const pod = { name: `${this.name}/${name}`, address: addresses[0] ?? '', addresses, space };
    this.#pods.push(pod);
    for (const address of addresses) await space.listen('tcp', address, 80);
    return pod;
  }

  /** Takes on other lines of configuration while it runs. */
  reconfigure(lines: string): Promise<void> {
    return this.agent.reconfigure(configOf(this.name, lines));
  }

  async close(): Promise<void> {
    await Promise.all(this.#pods.map(({ space }) => space.close()));
    await this.#close();
  }
}

const PLAIN = 'network: { tunnel: { use: never } }\n';

function configOf(nodeName: string, lines: string): AgentConfig {
  return parseConfig(`nodeName: ${nodeName}\nprovider: aws\n${lines}`).config;
}
