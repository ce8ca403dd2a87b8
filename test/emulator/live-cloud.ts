import {
  type Address,
  address,
  addressIn,
  addressOfNumber,
  familyOf,
  numberOf,
  type Prefix,
  prefix,
} from '../../src/base/ip.ts';
import { seeded } from '../../src/base/random.ts';
import type { Given, NicId, NicLimits, NicReport, NicSpec, Token, Unit } from '../../src/core/ipam/nic.ts';
import type { NicProvider } from '../../src/io/cloud/provider.ts';
import { CloudError } from '../../src/io/cloud/provider.ts';
import { advance } from '../../emulator/cloud/advance.ts';
import type { Answer } from '../../emulator/cloud/answer.ts';
import { type Cloud, emptyCloud, nicsOf, type Touch } from '../../emulator/cloud/cloud.ts';
import type { Id, Kind, Nic } from '../../emulator/cloud/nouns.ts';
import type { Request } from '../../emulator/cloud/request.ts';
import type { CloudRules, IdForm } from '../../emulator/cloud/rules.ts';
import { step } from '../../emulator/cloud/step.ts';
import { Fabric } from '../../emulator/fabric/fabric.ts';

// An emulated cloud with packets whose time is ours, and the door of its NICs without any dialect between: what is
// tested on it is the agent and the fabric.

const KINDS = ['vpc', 'subnet', 'reservation', 'group', 'rule', 'route-table', 'gateway', 'nat', 'instance'] as const;
const MORE = ['nic', 'attachment', 'job'] as const;
const form = (kind: Kind): IdForm => ({ prefix: `${kind}-`, letters: 8, alphabet: '0123456789abcdef' });

/** Small NICs, so that pods stand on several; attaching takes a moment. */
const rules: CloudRules = {
  dialect: 'aws',
  ids: Object.fromEntries([...KINDS, ...MORE].map((kind) => [kind, form(kind)])) as Record<Kind, IdForm>,
  reserved: { first: 4, last: 1 },
  prefixLengths: { v4: 28, v6: 80 },
  delays: { attach: [100, 300], detach: [100, 300], launch: [0, 0], describe: [0, 0], metadata: [0, 0], job: [0, 0] },
  buckets: {},
  limits: () => ({
    cards: [{ nics: 4 }],
    addressesPerNic: 4,
    addresses6PerNic: 4,
    nitro: true,
    vcpus: 4,
    memoryMiB: 16_384,
  }),
};

/** The cloud as it runs. Close it. */
export class LiveCloud {
  readonly fabric: Fabric;
  cloud: Cloud = emptyCloud(rules, ['z1', 'z2']);
  readonly calls: string[] = [];
  readonly #random = seeded(7);
  readonly #timer: NodeJS.Timeout;

  private constructor(fabric: Fabric) {
    this.fabric = fabric;
    this.#timer = setInterval(() => void this.#turn(advance(this.cloud, this.#env())), 50);
  }

  static async open(): Promise<LiveCloud> {
    return new LiveCloud(await Fabric.open());
  }

  /** Asks as an operator would. Throws what the cloud refuses. */
  async ask(request: Request): Promise<{ answer: Answer; id: Id }> {
    const call = { action: request.do, group: 'any', account: 'me', outside: true, request };
    const done = step(this.cloud, call, this.#env());
    await this.#turn(done);
    if ('fault' in done.reply) throw new Error(JSON.stringify(done.reply.fault));
    const kind = request.do === 'run-instances' ? 'instance' : request.do.replace('create-', '');
    return { answer: done.reply.answer, id: done.touched.findLast((one) => one.kind === kind)?.id ?? ('' as Id) };
  }

  async make(request: Request): Promise<Id> {
    return (await this.ask(request)).id;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.fabric.close();
  }

  #env() {
    return { now: Date.now(), random: this.#random };
  }

  async #turn({ cloud, touched }: { cloud: Cloud; touched: readonly Touch[] }): Promise<void> {
    this.cloud = cloud;
    if (touched.length > 0) await this.fabric.reconcile(this.cloud, touched);
  }
}

/** The NICs of one instance of a live cloud. */
export class LiveProvider implements NicProvider {
  readonly #live: LiveCloud;
  readonly #instance: Id;
  readonly #ranges: readonly Prefix[];

  constructor(live: LiveCloud, instance: Id, ranges: readonly Prefix[]) {
    [this.#live, this.#instance, this.#ranges] = [live, instance, ranges];
  }

  limits(): Promise<NicLimits> {
    return Promise.resolve({ nics: 4, slotsV4: 4, slotsV6: 4, prefixes: false });
  }

  reportNics(): Promise<readonly NicReport[]> {
    return Promise.resolve(this.#attached().map((nic) => this.#report(nic)));
  }

  async createNic({ count }: NicSpec): Promise<NicReport> {
    const [primary] = this.#attached();
    if (primary === undefined) throw new Error('live provider: an instance without its NIC');
    const { subnet, groups } = primary;
    const nic = await this.#make({ do: 'create-nic', subnet, groups, addresses: { count } });
    await this.#make({ do: 'attach-nic', nic, instance: this.#instance });
    for (;;) {
      const found = this.#attached().find(({ id, state }) => id === nic && state === 'in-use');
      if (found !== undefined) return this.#report(found);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async deleteNic(nic: NicId): Promise<void> {
    const id = nic as string as Id;
    await this.#make({ do: 'detach-nic', of: { nic: id } });
    while (this.#live.cloud.nics.get(id)?.state !== 'available') await new Promise((done) => setTimeout(done, 20));
    await this.#make({ do: 'delete-nic', nic: id });
  }

  async assign({ nic, count }: { nic: NicId; unit: Unit; count: number }, _token: Token): Promise<Given> {
    const { answer } = await this.#ask({ do: 'assign', nic: nic as string as Id, addresses: { count } });
    if (answer.is !== 'assigned') throw new Error('live provider: nothing assigned');
    return { addresses: answer.addresses, prefixes: [] };
  }

  async bring({ nic, address: it }: { nic: NicId; address: Address }): Promise<void> {
    await this.#ask({ do: 'assign', nic: nic as string as Id, addresses: { list: [it] } });
  }

  async unassign(nic: NicId, what: readonly string[]): Promise<void> {
    await this.#ask({ do: 'unassign', nic: nic as string as Id, addresses: what.map(address) });
  }

  vpcRanges(): Promise<readonly Prefix[]> {
    return Promise.resolve(this.#ranges);
  }

  tendNics(): Promise<readonly NicId[]> {
    return Promise.resolve([]);
  }

  collectLeaked(): Promise<readonly NicId[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #attached(): readonly Nic[] {
    return nicsOf(this.#live.cloud, this.#instance).filter(({ state }) => state === 'in-use');
  }

  async #make(request: Request): Promise<Id> {
    return (await this.#ask(request)).id;
  }

  async #ask(request: Request): Promise<{ answer: Answer; id: Id }> {
    this.#live.calls.push(request.do);
    try {
      return await this.#live.ask(request);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const kind = message.includes('subnet') ? 'exhausted' : 'unknown';
      throw new CloudError(kind, { action: request.do, code: 'Fault', message, cause });
    }
  }

  #report(nic: Nic): NicReport {
    const subnet = this.#live.cloud.subnets.get(nic.subnet);
    const range = subnet?.v4 ?? prefix('0.0.0.0/0');
    const [primary, ...addresses] = nic.addresses;
    return {
      id: nic.id as string as NicId,
      mac: nic.mac,
      device: nic.attachment?.device ?? 0,
      card: nic.attachment?.card ?? 0,
      subnet: nic.subnet,
      subnetRange: range,
      gateway: addressOfNumber(numberOf(addressIn(range)) + 1n, familyOf(range)),
      groups: nic.groups,
      primary: primary === undefined ? [] : [primary],
      addresses,
      prefixes: nic.prefixes,
      kind: 'interface',
      managed: true,
    };
  }
}
