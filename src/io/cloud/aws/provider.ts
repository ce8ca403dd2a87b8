import {
  DescribeInstanceTypesCommand,
  ModifyNetworkInterfaceAttributeCommand,
  type ModifyNetworkInterfaceAttributeCommandInput,
} from '@aws-sdk/client-ec2';
import type { Clock } from '../../../base/clock.ts';
import type { Address, Prefix } from '../../../base/ip.ts';
import type { CallTold } from '../../../core/calls/ledger.ts';
import type { Random } from '../../../base/random.ts';
import type { Given, NicId, NicLimits, NicReport, Token } from '../../../core/ipam/nic.ts';
import type { BranchProvider } from '../branches.ts';
import { KnownNics } from '../known-nics.ts';
import type { NearCloud } from '../near.ts';
import { type Brought, CloudError, type NicOrder, type NicProvider, type Urgency } from '../provider.ts';
import { bring } from './bring.ts';
import { assign, type Assignment, unassign } from './assign.ts';
import { AwsBranches } from './branches.ts';
import { NicMaker } from './create.ts';
import { Ec2 } from './ec2.ts';
import { isAmbiguous } from './errors.ts';
import type { Ec2Keys, Ec2Requests } from './ec2-clients.ts';
import { collectLeaked } from './leaked.ts';
import { behindGroups, podGroups, primaryGroups } from './groups.ts';
import { knownLimits } from './limits.ts';
import { Metadata, type MetadataAsk } from './metadata.ts';
import { InstanceMetadata } from './near.ts';
import { NicsOfInstance } from './nics.ts';
import { readSelf } from './self.ts';
import { askVpcRanges } from './told-self.ts';
import type { AwsSelf, AwsSettings } from './settings.ts';

export interface AwsOptions {
  readonly settings: AwsSettings;
  readonly known?: readonly NicReport[]; // what EC2 told last, before a restart
  readonly clock: Clock;
  readonly random: Random;
  readonly onCall: (told: CallTold) => void;
  readonly network?: AwsNetwork;
}

/** How EC2 and the instance's metadata are reached. Absent: over the machine's network. */
export interface AwsNetwork {
  readonly ec2: Ec2Requests;
  readonly metadata: MetadataAsk;
  readonly keys?: Ec2Keys;
}

/** Amazon EC2, seen from one instance. Throws CloudError where metadata does not tell what the instance is. */
export async function openAws({
  settings,
  known = [],
  clock,
  random,
  onCall,
  network,
}: AwsOptions): Promise<AwsProvider> {
  const { timeoutMs, endpoint } = settings;
  const ask = network === undefined ? {} : { ask: network.metadata };
  const { ec2: requests, keys } = network ?? {};
  const reached = { ...(requests === undefined ? {} : { requests }), ...(keys === undefined ? {} : { keys }) };
  const metadata = new Metadata({ endpoint: settings.metadata, timeoutMs, clock, ...ask });
  const self = await readSelf(metadata);
  const at = endpoint === undefined ? {} : { endpoint };
  const ec2 = new Ec2({ region: settings.region ?? self.region, ...at, ...reached, timeoutMs, clock, random, onCall });
  return new AwsProvider({ ec2, near: new InstanceMetadata(metadata), self, settings, known, clock });
}

interface Doors {
  readonly ec2: Ec2;
  readonly near?: NearCloud; // absent: this is another machine than the instance
  readonly self: AwsSelf;
  readonly settings: AwsSettings;
  readonly known: readonly NicReport[];
  readonly clock: Clock;
}

export class AwsProvider implements NicProvider {
  readonly self: AwsSelf;
  readonly #doors: Doors;
  readonly #nics: NicsOfInstance;
  readonly #holdings: KnownNics;
  #told: readonly NicReport[]; // to #holdings, of #nics
  #limits: NicLimits | undefined;
  #branches: AwsBranches | undefined;
  #maker: Promise<NicMaker> | undefined; // one: it knows which device numbers are on their way

  constructor(doors: Doors) {
    this.#doors = doors;
    this.self = doors.self;
    this.#nics = new NicsOfInstance(doors);
    this.#told = doors.known;
    // on another machine whoever asks again says so, and what the NIC had (controller/broker/one-instance.ts)
    this.#holdings = new KnownNics(doors.known, doors.near === undefined ? 0 : doors.clock.now());
  }

  /** Of the table; a type that is not in it is asked of EC2, once. */
  async limits(): Promise<NicLimits> {
    this.#limits ??= knownLimits(this.self.type) ?? (await this.#askLimits());
    return this.#limits;
  }

  reportNics({ sure }: { readonly sure: boolean }): Promise<readonly NicReport[]> {
    return sure ? this.#nics.ask('refill') : this.#nics.hear();
  }

  get branches(): BranchProvider {
    this.#branches ??= new AwsBranches({ ...this.#doors, nics: this.#nics, maker: () => this.#making() });
    return this.#branches;
  }

  async createNic(spec: NicOrder, token: Token, urgency: Urgency): Promise<NicReport> {
    return (await this.#making()).create(spec, token, urgency);
  }

  async deleteNic(nic: NicId, urgency: Urgency): Promise<void> {
    await (await this.#making()).remove(nic, urgency);
  }

  /** EC2 knows no token of this: what the NIC had when it was first asked is remembered until it is answered. */
  async assign(of: Assignment, token: Token, urgency: Urgency): Promise<Given> {
    const asked = this.#heard().asked(token, of.nic, this.#doors.clock.now());
    try {
      const given = await assign({ ec2: this.#doors.ec2, nics: this.#nics }, { ...of, ...asked }, urgency);
      this.#heard().gained(of.nic, [...given.addresses, ...given.prefixes]);
      this.#holdings.settled(token);
      return given;
    } catch (error) {
      if (!(error instanceof CloudError && isAmbiguous(error))) this.#holdings.settled(token);
      throw error;
    }
  }

  async bring(of: Brought, urgency: Urgency): Promise<void> {
    await bring({ ec2: this.#doors.ec2, nics: this.#nics }, of, urgency);
    this.#heard().gained(of.nic, [of.address]);
  }

  async unassign(nic: NicId, what: readonly (Address | Prefix)[], urgency: Urgency): Promise<void> {
    await unassign({ ec2: this.#doors.ec2, nics: this.#nics }, { nic, what }, urgency);
    this.#heard().lost(nic, what, this.#doors.clock.now());
  }

  vpcRanges(): Promise<readonly Prefix[]> {
    const { near, ec2 } = this.#doors;
    return near === undefined ? askVpcRanges(ec2, this.self.vpc) : near.vpcRanges();
  }

  collectLeaked(atMost: number): Promise<readonly NicId[]> {
    const { instance, vpc } = this.self;
    return collectLeaked({ ...this.#doors, sweeper: { name: instance, instance, vpc } }, atMost);
  }

  /**
   * Groups are the zone's, those that are set, or the primary NIC's (A48). Metadata tell when there is something to do:
   * EC2 is asked only then, for a fleet that asked each time would have no quota left.
   */
  async tendNics(of: { readonly groups: boolean } = { groups: true }): Promise<readonly NicId[]> {
    if (await this.#wellTold(of)) return [];
    const reports = await this.#nics.ask('housekeeping');
    const { outliving } = this.#nics;
    for (const { nic, attachment: AttachmentId } of outliving)
      await this.#modify({ NetworkInterfaceId: nic, Attachment: { AttachmentId, DeleteOnTermination: true } });
    const groups = podGroups(this.#doors, primaryGroups(reports));
    const behind = of.groups ? behindGroups(reports, groups) : [];
    for (const id of behind) await this.#modify({ NetworkInterfaceId: id, Groups: [...groups] });
    return [...new Set([...outliving.map(({ nic }) => nic), ...behind])];
  }

  close(): Promise<void> {
    this.#doors.ec2.close();
    return Promise.resolve();
  }

  /** What the NICs hold, as EC2 told last, and by what was asked since. */
  #heard(): KnownNics {
    const { known } = this.#nics;
    if (known !== this.#told) this.#holdings.all = this.#told = known;
    return this.#holdings;
  }

  /** Whether nothing is to be done, by what costs no call. */
  async #wellTold(of: { readonly groups: boolean }): Promise<boolean> {
    const { near } = this.#doors;
    if (near === undefined || this.#nics.outliving.length > 0) return false;
    if (!of.groups) return true;
    return behindGroups(this.#nics.known, podGroups(this.#doors, await near.groups())).length === 0;
  }

  async #modify(input: ModifyNetworkInterfaceAttributeCommandInput): Promise<void> {
    const asking = { action: 'ModifyNetworkInterfaceAttribute', urgency: 'housekeeping', again: true } as const;
    await this.#doors.ec2.ask(asking, (client) => client.send(new ModifyNetworkInterfaceAttributeCommand(input)));
  }

  #making(): Promise<NicMaker> {
    this.#maker ??= this.#makerOfLimits().catch((error: unknown) => {
      this.#maker = undefined;
      throw error;
    });
    return this.#maker;
  }

  async #makerOfLimits(): Promise<NicMaker> {
    return new NicMaker({ ...this.#doors, nics: this.#nics, places: (await this.limits()).nics });
  }

  async #askLimits(): Promise<NicLimits> {
    const { type } = this.self;
    const answer = await this.#doors.ec2.ask(
      { action: 'DescribeInstanceTypes', urgency: 'refill', again: true },
      (client) => client.send(new DescribeInstanceTypesCommand({ InstanceTypes: [type as 'm5.large'] })),
    );
    const network = answer.InstanceTypes?.[0]?.NetworkInfo;
    if (network?.MaximumNetworkInterfaces === undefined)
      throw new CloudError('unknown', {
        action: 'DescribeInstanceTypes',
        code: 'UnknownType',
        message: `EC2 does not tell how many NICs ${type} may have`,
      });
    const first = network.NetworkCards?.find(({ NetworkCardIndex: card }) => card === 0)?.MaximumNetworkInterfaces;
    return {
      nics: first ?? network.MaximumNetworkInterfaces, // NICs are added to the first card only
      slotsV4: network.Ipv4AddressesPerInterface ?? 1,
      slotsV6: network.Ipv6AddressesPerInterface ?? 0,
      prefixes: answer.InstanceTypes?.[0]?.Hypervisor !== 'xen',
    };
  }
}
