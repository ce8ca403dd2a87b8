import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '../../../base/bytes.ts';
import { type Prefix, prefix } from '../../../base/ip.ts';
import { isSetting } from '../../../core/datapath/identity.ts';
import { show } from '../../../core/datapath/plan.ts';
import { tell } from '../../../core/why/tell.ts';
import type { NicProvider } from '../../../io/cloud/provider.ts';
import type { AgentConfig } from '../../../io/config/agent-config.ts';
import { cloudDefaults } from '../../../io/config/cloud-defaults.ts';
import { FakeKernel } from '../../../io/kernel/fake-kernel.ts';
import type { Journal } from '../../../io/store/journal.ts';
import { linuxDisk } from '../../../io/store/linux-disk.ts';
import { openJournal } from '../../../io/store/open-journal.ts';
import type { CallFrame } from '../../../wire/agent/frame.ts';
import { type Agent, startAgent } from '../agent.ts';
import type { KubeDoors } from '../cluster-runner.ts';
import type { SpooledCall } from '../doors.ts';
import { HandClock, settled } from './hand-clock.ts';
import { type WatchedDisk, watchedDisk } from './watched-disk.ts';

/** What a test says of one call; the rest is usual. */
export interface Ask {
  readonly id: string; //       container id
  readonly netns?: string; //   default: a sandbox of the container's own; '' for none
  readonly ifname?: string;
  readonly network?: string;
  readonly args?: string;
  readonly config?: Readonly<Record<string, unknown>>; // further keys of the network configuration
}

/** What the runtime gets. */
export interface Answer {
  readonly exitCode: number;
  readonly text: string; // stdout
  readonly code: number; // of the CNI error; 0 when there is none
  readonly says: string; // its message and details
  readonly ips: readonly string[];
}

/** The whole agent on a fake kernel and a real journal, in a directory of its own. Close it. */
export class SmallAgent {
  readonly clock = new HandClock();
  readonly counted: string[] = []; //  "refused exhausted", "kernel EBUSY", …
  readonly logged: string[] = []; //   "warn refused"
  readonly spooled: SpooledCall[] = [];
  kernel = new FakeKernel();
  /** Puts itself between agent and journal: for a disk that fails. */
  onJournal: (journal: Journal) => Journal = (journal) => journal;
  /** The cloud it stands on, when it does. */
  provider: NicProvider | undefined;
  /** The cluster it is of, when it is of one. */
  kube: KubeDoors | undefined;
  readonly #directory = mkdtempSync(join(tmpdir(), 'berth-agent-'));
  readonly #config: AgentConfig;
  #agent: Agent | undefined;
  #journal: Journal | undefined;
  #disk: WatchedDisk | undefined;
  #hearSpool: () => void = () => {};

  constructor(ranges: readonly string[] = ['10.0.3.0/24'], more: Partial<AgentConfig> = {}) {
    this.#config = { ...configOf(ranges.map(prefix)), ...more };
  }

  get agent(): Agent {
    if (this.#agent === undefined) throw new Error('the agent was not started');
    return this.#agent;
  }

  /** Starts as main does; after `stop` on the same disk and in the same world. */
  async start(): Promise<this> {
    const { clock } = this;
    this.#disk = watchedDisk(linuxDisk(this.#directory));
    const { journal, recovery } = openJournal({ disk: this.#disk.disk, clock });
    this.#journal = journal;
    const log = (level: string) => (event: string) => void this.logged.push(`${level} ${event}`);
    this.#agent = await startAgent({
      kernel: this.kernel,
      journal: this.onJournal(journal),
      recovery,
      clock,
      spool: {
        entries: () => [...this.spooled],
        remove: (name) => void this.spooled.splice(0, Infinity, ...this.spooled.filter((it) => it.name !== name)),
        watch: (listener) => {
          this.#hearSpool = listener;
          return () => {};
        },
      },
      log: { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug') },
      meter: {
        call: (verb, result) => void this.counted.push(`${verb} ${result}`),
        refused: (why) => void this.counted.push(`refused ${why}`),
        repaired: (owner, items) => void this.counted.push(`repaired ${owner} ${items}`),
        journalSeconds: () => {},
        kernelError: (errno) => void this.counted.push(`kernel ${errno}`),
        taken: (what, count) => void this.counted.push(`taken ${what} ${count}`),
      },
      bootId: 'this one',
      ...(this.provider === undefined ? {} : { provider: this.provider }),
      ...(this.kube === undefined ? {} : { kube: this.kube }),
      config: this.#config,
    });
    return this;
  }

  /** Time passes; it stands still while the disk, which is a real one, works. */
  async pass(ms: number): Promise<void> {
    await this.clock.pass(ms);
    await this.#disk?.idle();
    await settled();
  }

  async stop(): Promise<void> {
    await this.#agent?.stop();
    await this.#journal?.close();
    await this.kernel.close();
    this.kernel = new FakeKernel(this.kernel.world);
  }

  /** Stops, and takes the directory away. */
  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true });
  }

  async call(verb: string, ask: Ask): Promise<Answer> {
    const { exitCode, stdout } = await this.agent.handle(frameOf(verb, ask));
    const said = (stdout === '' ? {} : JSON.parse(stdout)) as Said;
    const says = exitCode === 0 ? '' : `${said.msg}; ${said.details ?? ''}`;
    const ips = (said.ips ?? []).map(({ address }) => address.split('/')[0] ?? '');
    return { exitCode, text: stdout, code: said.code ?? 0, says, ips };
  }

  /** ADD, with the sandbox made before. */
  add(ask: Ask): Promise<Answer> {
    this.kernel.world.addSandbox(ask.netns ?? netnsOf(ask.id));
    return this.call('ADD', ask);
  }

  /** A DEL that the executable wrote down, because no agent answered. */
  spool(ask: Ask): void {
    this.spooled.push({ name: `${this.spooled.length}`, call: frameOf('DEL', ask) });
    this.#hearSpool();
  }

  /** Everything that `berth why` tells of somebody. */
  why(query: string): readonly string[] {
    return this.agent.parts.history.about(query).map(tell);
  }

  /** What stands in the kernel, a line each. Settings are left where they are by whoever goes. */
  standing(): readonly string[] {
    return this.kernel
      .items()
      .filter((item) => !isSetting(item))
      .map(show)
      .sort();
  }
}

interface Said {
  readonly code?: number;
  readonly msg?: string;
  readonly details?: string;
  readonly ips?: readonly { readonly address: string }[];
}

/** The frame of a DEL. */
export function delOf(ask: Ask): CallFrame {
  return frameOf('DEL', ask);
}

export function netnsOf(id: string): string {
  return `/run/netns/${id}`;
}

function frameOf(verb: string, { id, netns = netnsOf(id), ifname = 'eth0', network = 'pods', args, config }: Ask) {
  const env: Record<string, string> = { CNI_COMMAND: verb, CNI_PATH: '/opt/cni/bin' };
  if (verb !== 'STATUS' && verb !== 'GC') Object.assign(env, { CNI_CONTAINERID: id, CNI_IFNAME: ifname });
  if (netns !== '') env['CNI_NETNS'] = netns;
  if (args !== undefined) env['CNI_ARGS'] = args;
  const stdin = utf8(JSON.stringify({ cniVersion: '1.1.0', name: network, type: 'berth-cni', ...config }));
  return { env, stdin } satisfies CallFrame;
}

function configOf(ranges: readonly Prefix[]): AgentConfig {
  return {
    ...cloudDefaults(),
    nodeName: 'small',
    network: {
      mode: 'routed',
      bridge: 'berth0',
      ranges,
      reserved: [],
      mtuBytes: 'auto',
      uplink: 'auto',
      cluster: [],
      masquerade: { enabled: true, except: [], ports: 'kept' },
      peers: [],
      tunnel: { use: 'never', vni: 4077, port: 4789 },
      forwardAccept: false,
    },
    pool: { cooldownMs: 30_000, patienceMs: 60_000, waitingLimit: 8 },
    repair: { enabled: true, delayMs: 200, intervalMs: 30_000, installation: 'never' },
    paths: { socket: '', adminSocket: '', state: '', spool: '' },
    http: { listen: undefined },
    log: { level: 'info', format: 'json', file: undefined, fileBytes: 1 },
  };
}
