import { prefix } from '../../../base/ip.ts';
import { localMac } from '../../../base/mac.ts';
import { FakeProvider } from '../../../io/cloud/fake-provider.ts';
import { CloudError, type CloudErrorKind } from '../../../io/cloud/provider.ts';
import type { AgentConfig } from '../../../io/config/agent-config.ts';
import { cloudDefaults } from '../../../io/config/cloud-defaults.ts';
import { settled } from './hand-clock.ts';
import { type Answer, SmallAgent } from './small-agent.ts';

/** An agent on a fake kernel and a fake cloud of small NICs, its journal real. Close it. */
export class CloudScene {
  readonly provider = new FakeProvider({ limits: { nics: 3, slotsV4: 10, slotsV6: 10, prefixes: true } });
  readonly small: SmallAgent;

  /** `cloud`: keys of the configuration that are not as usual. */
  constructor(cloud: Partial<AgentConfig['cloud']> = {}) {
    const usual = cloudDefaults();
    this.provider.ranges = [prefix('10.0.0.0/16')];
    this.small = new SmallAgent([], {
      ...usual,
      cloud: { ...usual.cloud, ...cloud },
      provider: 'aws',
      pool: { cooldownMs: 30_000, patienceMs: 60_000, waitingLimit: 100 },
    });
    this.small.provider = this.provider;
    this.attachLinks(1);
  }

  /** Starts the agent, and lets a second pass; then, where the cloud tells all, waits until the pool knows its NICs. */
  async start(): Promise<this> {
    await this.small.start();
    await this.pass(1_000);
    const { silent, rangeless } = this.provider;
    const knows = () => (this.small.agent.parts.pool.pool.cloud?.nics ?? []).length > 0;
    for (let i = 0; i < 100 && silent === undefined && rangeless === undefined && !knows(); i++) await this.pass(0);
    return this;
  }

  /** The kernel shows the links of the first so many NICs. */
  attachLinks(count: number): void {
    this.small.kernel.world.hostLinks = Array.from({ length: count }, (_, device) => ({
      name: `eth${device}`,
      mac: localMac(BigInt(device + 1)),
      mtuBytes: 9_001,
      up: true,
      addresses: [],
      defaultRoute: device === 0 ? (['v4'] as const) : [],
    }));
  }

  /** Lets time pass in steps: the disk is a real one and takes its own. */
  async pass(ms: number): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await this.small.pass(ms / 20);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }

  /** ADDs at once; time passes until all are answered. */
  async burst(count: number, from = 0, ms = 5_000): Promise<readonly Answer[]> {
    const asked = Array.from({ length: count }, (_, i) => this.small.add({ id: `pod${from + i}` }));
    await settled();
    await this.pass(ms);
    return Promise.all(asked);
  }

  /** Which address leaves by which NIC, a line each. */
  marks(): readonly string[] {
    return this.small.standing().filter((line) => line.includes('nic_of4'));
  }

  /** From now on every call fails like this; undefined: no more. */
  fails(kind: CloudErrorKind | undefined): void {
    const error = kind && new CloudError(kind, { action: 'Asked', code: `a ${kind}`, message: `it is ${kind}` });
    this.provider.silent = error;
    this.provider.before = () => {
      if (error !== undefined) throw error;
    };
  }
}
