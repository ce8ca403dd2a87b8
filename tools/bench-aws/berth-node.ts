import { utf8 } from '../../src/base/bytes.ts';
import { silent } from '../../src/base/log.ts';
import { seeded } from '../../src/base/random.ts';
import { type Agent, startAgent } from '../../src/apps/node-agent/agent.ts';
import { awsSettings } from '../../src/io/cloud/aws/aws-settings.ts';
import { countNothing } from '../../src/apps/node-agent/doors.ts';
import { openAws } from '../../src/io/cloud/aws/provider.ts';
import { parseConfig } from '../../src/io/config/load.ts';
import { FakeKernel } from '../../src/io/kernel/fake-kernel.ts';
import { openJournal } from '../../src/io/store/open-journal.ts';
import { SimDisk } from '../../sim/sim-disk.ts';
import { nicsOf } from '../../emulator/cloud/cloud.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import type { Node } from './node.ts';
import type { Region } from './region.ts';

/** A node's settings, as its file has them: the keys of `cloud`. */
export type CloudKeys = Readonly<Record<string, string | number>>;

const RETRY_MS = 1_000; // a refused ADD is asked again: the kubelet does so, later than this

/**
 * Berth's whole agent on an instance of the region: the product's pool, runner and EC2 client; the kernel, the disk and
 * the time are simulated.
 */
export class BerthNode implements Node {
  refused = 0;
  readonly #region: Region;
  readonly #kernel: FakeKernel;
  readonly #agent: Agent;

  private constructor(region: Region, kernel: FakeKernel, agent: Agent) {
    [this.#region, this.#kernel, this.#agent] = [region, kernel, agent];
  }

  static async start(region: Region, of: { name: string; account: string; cloud: CloudKeys }): Promise<BerthNode> {
    const { clock } = region;
    const instance = region.instance(of.name);
    const text = JSON.stringify({ nodeName: of.name, provider: 'aws', cloud: of.cloud });
    const { config } = parseConfig(text);
    const network = region.networkOf(instance, of.account);
    const random = seeded(instance.length + of.name.length);
    const provider = await openAws({ settings: awsSettings(config.aws), clock, random, onCall: () => {}, network });
    const kernel = new FakeKernel();
    plug(region, instance, kernel);
    const disk = new SimDisk().open({ now: () => {}, later: () => Promise.resolve() });
    const agent = await startAgent({
      kernel,
      ...openJournal({ disk, clock }),
      spool: { entries: () => [], remove: () => {}, watch: () => () => {} },
      clock,
      log: silent,
      meter: countNothing,
      bootId: 'this one',
      provider,
      config,
    });
    return new BerthNode(region, kernel, agent);
  }

  /** Asks until it has an address, as the kubelet does. */
  async add(pod: string): Promise<void> {
    this.#kernel.world.addSandbox(netns(pod));
    while ((await this.#call('ADD', pod)) !== 0) {
      this.refused++;
      await new Promise<void>((resolve) => void this.#region.clock.timer(RETRY_MS, resolve));
    }
  }

  async remove(pod: string): Promise<void> {
    if ((await this.#call('DEL', pod)) !== 0) throw new Error(`DEL of ${pod} failed`);
  }

  stop(): Promise<void> {
    return this.#agent.stop();
  }

  async #call(verb: 'ADD' | 'DEL', pod: string): Promise<number> {
    const about = { CNI_CONTAINERID: pod, CNI_NETNS: netns(pod), CNI_IFNAME: 'eth0', CNI_PATH: '/nowhere' };
    const stdin = utf8(JSON.stringify({ cniVersion: '1.1.0', name: 'pods', type: 'berth-cni' }));
    const { exitCode } = await this.#agent.handle({ env: { CNI_COMMAND: verb, ...about }, stdin });
    return exitCode;
  }
}

function netns(pod: string): string {
  return `/run/netns/${pod}`;
}

/** Links appear in the kernel when their NICs are attached, and go with them. */
function plug({ world }: Region, instance: Id, kernel: FakeKernel): void {
  let shown = '';
  const look = () => {
    const nics = nicsOf(world.cloud, instance).filter(({ state }) => state === 'in-use' || state === 'detaching');
    const now = nics.map(({ id }) => id).join(' ');
    if (now === shown) return;
    shown = now;
    kernel.world.hostLinks = nics.map(({ mac, attachment }) => ({
      name: `eth${attachment?.device}`,
      mac,
      mtuBytes: 9_001,
      up: true,
      addresses: [],
      defaultRoute: attachment?.device === 0 ? (['v4'] as const) : [],
    }));
    for (const { listener } of kernel.world.ears) listener({ kind: 'host', what: 'link', link: 'eth' });
  };
  look();
  world.listen(look);
}
