import {
  AssociateTrunkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  type NetworkInterface,
  type TagSpecification,
} from '@aws-sdk/client-ec2';
import type { Clock, Millis } from '../../../base/clock.ts';
import { address } from '../../../base/ip.ts';
import { mac } from '../../../base/mac.ts';
import type { BranchReport, BranchSpec } from '../../../core/branches/branch.ts';
import type { NicId, NicReport, Token } from '../../../core/ipam/nic.ts';
import type { BranchProvider } from '../branches.ts';
import { CloudError, type Urgency } from '../provider.ts';
import { branchLimit } from './branch-limits.ts';
import type { NicMaker } from './create.ts';
import { primaryGroups } from './groups.ts';
import type { Ec2 } from './ec2.ts';
import type { NicsOfInstance } from './nics.ts';
import { noTrunk, notOurs } from './no.ts';
import { routerOf, subnetRanges } from './reports.ts';
import {
  type AwsSelf,
  type AwsSettings,
  type SubnetRanges,
  TAG_CREATED,
  TAG_INSTANCE,
  TAG_INTENT,
  TAG_VLAN,
} from './settings.ts';

const LOOK_AGAIN_MS: Millis = 1_000;
const ATTACHED_WITHIN_MS: Millis = 30_000; // a trunk that was made for the first pod
const LAG_MS: Millis = 60_000; //             EC2 may not show at once what it has made
/** Numbers of VLANs that mean something: IEEE 802.1Q. */
const LAST_VLAN = 4094;

export interface BranchDoors {
  readonly ec2: Ec2;
  readonly nics: NicsOfInstance;
  readonly self: AwsSelf;
  readonly settings: AwsSettings;
  readonly clock: Clock;
  readonly maker: () => Promise<NicMaker>;
}

/**
 * Branch network interfaces of one instance. Their numbers on the trunk are tags, for EC2 tells of associations only
 * all at once; EC2 itself refuses a number that is taken.
 */
export class AwsBranches implements BranchProvider {
  readonly #doors: BranchDoors;
  readonly #ranges = new Map<string, SubnetRanges>();
  readonly #numbers = new Map<number, Millis>(); // on their way, or not shown yet: until when
  #trunk: Promise<NicReport> | undefined;

  constructor(doors: BranchDoors) {
    this.#doors = doors;
  }

  most(): Promise<number> {
    return Promise.resolve(branchLimit(this.#doors.self.type));
  }

  async report(): Promise<readonly BranchReport[]> {
    const found = await this.#ofInstance('housekeeping');
    if (found.length === 0) return [];
    const trunk = (await this.#doors.nics.ask('housekeeping')).find(({ kind }) => kind === 'trunk');
    const all: BranchReport[] = [];
    for (const nic of found) all.push(reportOf(nic, trunk, await this.#rangesOf(nic.SubnetId ?? '', 'housekeeping')));
    return all;
  }

  async create(spec: BranchSpec, token: Token, urgency: Urgency): Promise<BranchReport> {
    const { self } = this.#doors;
    if ((await this.most()) === 0) throw noTrunk(self);
    const trunk = await this.#theTrunk(token, urgency);
    const present = await this.#ofInstance(urgency);
    const before = present.find((it) => tagOf(it, TAG_INTENT) === token); // an earlier try was cut off behind it
    const vlan = before === undefined ? this.#freeNumber(new Set(present.map(vlanOf))) : vlanOf(before);
    this.#numbers.set(vlan, Number.POSITIVE_INFINITY);
    try {
      const nic = before ?? (await this.#created(spec, { token, vlan, urgency }));
      const ranges = await this.#rangesOf(nic.SubnetId ?? '', urgency);
      if (nic.Status !== 'in-use')
        await this.#carried(nic.NetworkInterfaceId as NicId, { trunk, vlan, token, urgency });
      this.#numbers.set(vlan, this.#doors.clock.now() + LAG_MS);
      return { ...reportOf(nic, trunk, ranges), carried: true };
    } catch (error) {
      this.#numbers.delete(vlan);
      throw error;
    }
  }

  /** EC2 ends the association with the NIC. */
  async remove(nic: NicId, urgency: Urgency): Promise<void> {
    const { nics, ec2, self } = this.#doors;
    const [found] = await nics.describe([{ Name: 'network-interface-id', Values: [nic] }], urgency);
    if (found === undefined) return;
    const owner = tagOf(found, TAG_INSTANCE);
    if (owner !== self.instance || found.InterfaceType !== 'branch') throw notOurs(nic, owner);
    try {
      await ec2.ask({ action: 'DeleteNetworkInterface', urgency, again: true }, (client) =>
        client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: nic })),
      );
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind !== 'gone') throw error;
    }
  }

  #ofInstance(urgency: Urgency): Promise<readonly NetworkInterface[]> {
    const { nics, self } = this.#doors;
    const filters = [
      { Name: 'vpc-id', Values: [self.vpc] },
      { Name: 'interface-type', Values: ['branch'] },
      { Name: `tag:${TAG_INSTANCE}`, Values: [self.instance] },
    ];
    return nics.describe(filters, urgency);
  }

  /** One, whoever asks; one that could not be made is made by whoever asks next. */
  #theTrunk(token: Token, urgency: Urgency): Promise<NicReport> {
    this.#trunk ??= this.#foundTrunk(`${token}-trunk` as Token, urgency).catch((error: unknown) => {
      this.#trunk = undefined;
      throw error;
    });
    return this.#trunk;
  }

  /** The one that is attached, or a new one in the node's own subnet. */
  async #foundTrunk(token: Token, urgency: Urgency): Promise<NicReport> {
    const { nics, ec2, self } = this.#doors;
    const present = await nics.ask(urgency);
    const there = present.find(({ kind, managed }) => kind === 'trunk' && managed);
    if (there !== undefined) return there;
    const maker = await this.#doors.maker();
    const made = await ec2.ask({ action: 'CreateNetworkInterface', urgency, again: true }, (client) =>
      client.send(
        new CreateNetworkInterfaceCommand({
          InterfaceType: 'trunk',
          SubnetId: self.primarySubnet,
          ClientToken: token,
          Description: `berth ${self.instance} trunk`,
          Groups: [...primaryGroups(present)],
          TagSpecifications: [tagged(maker.tags(token))],
        }),
      ),
    );
    return maker.attached((made.NetworkInterface?.NetworkInterfaceId ?? '') as NicId, urgency);
  }

  #freeNumber(used: ReadonlySet<number>): number {
    const now = this.#doors.clock.now();
    const isFree = (it: number) => !used.has(it) && (this.#numbers.get(it) ?? 0) <= now;
    for (let vlan = 1; vlan <= LAST_VLAN; vlan++) if (isFree(vlan)) return vlan;
    throw noTrunk(this.#doors.self);
  }

  async #created(
    { groups, v6 }: BranchSpec,
    { token, vlan, urgency }: { readonly token: Token; readonly vlan: number; readonly urgency: Urgency },
  ): Promise<NetworkInterface> {
    const { ec2, settings, self } = this.#doors;
    const subnet = settings.zones[self.zone]?.subnet ?? self.primarySubnet;
    const maker = await this.#doors.maker();
    const tags = { ...maker.tags(token), [TAG_VLAN]: `${vlan}` };
    const answer = await ec2.ask({ action: 'CreateNetworkInterface', urgency, subnet, again: true }, (client) =>
      client.send(
        new CreateNetworkInterfaceCommand({
          InterfaceType: 'branch',
          SubnetId: subnet,
          ClientToken: token,
          Description: `berth ${self.instance} of one pod`,
          Groups: [...groups],
          ...(v6 ? { Ipv6AddressCount: 1 } : {}),
          TagSpecifications: [tagged(tags)],
        }),
      ),
    );
    return answer.NetworkInterface ?? {};
  }

  /** What the trunk does not carry is not left behind. */
  async #carried(
    nic: NicId,
    of: { readonly trunk: NicReport; readonly vlan: number; readonly token: Token; readonly urgency: Urgency },
  ): Promise<void> {
    const { clock } = this.#doors;
    const until = clock.now() + ATTACHED_WITHIN_MS;
    for (;;) {
      try {
        return await this.#associate(nic, of);
      } catch (error) {
        const isAttaching = error instanceof CloudError && error.kind === 'busy' && clock.now() < until;
        if (!isAttaching) {
          this.#trunk = undefined; // perhaps somebody took it away
          await this.remove(nic, of.urgency).catch(() => {}); // else the next report finds it
          throw error;
        }
      }
      await new Promise<void>((resolve) => void clock.timer(LOOK_AGAIN_MS, resolve));
    }
  }

  async #associate(
    nic: NicId,
    of: { readonly trunk: NicReport; readonly vlan: number; readonly token: Token; readonly urgency: Urgency },
  ): Promise<void> {
    const { trunk, vlan: VlanId, token: ClientToken, urgency } = of;
    const input = { BranchInterfaceId: nic, TrunkInterfaceId: trunk.id, VlanId, ClientToken };
    await this.#doors.ec2.ask({ action: 'AssociateTrunkInterface', urgency, again: true }, (client) =>
      client.send(new AssociateTrunkInterfaceCommand(input)),
    );
  }

  async #rangesOf(subnet: string, urgency: Urgency): Promise<SubnetRanges> {
    const { nics, self } = this.#doors;
    const known = subnet === self.primarySubnet ? self.primaryRanges : this.#ranges.get(subnet);
    if (known !== undefined) return known;
    const [told] = await nics.subnets([{ Name: 'subnet-id', Values: [subnet] }], urgency);
    const ranges = told === undefined ? {} : subnetRanges(told);
    this.#ranges.set(subnet, ranges);
    return ranges;
  }
}

function tagged(tags: Readonly<Record<string, string>>): TagSpecification {
  return { ResourceType: 'network-interface', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
}

/** A branch NIC as EC2 tells it. */
function reportOf(nic: NetworkInterface, trunk: NicReport | undefined, ranges: SubnetRanges): BranchReport {
  const v4 = (nic.PrivateIpAddresses ?? []).flatMap(({ Primary: first, PrivateIpAddress: it }) =>
    first === true && it !== undefined ? address(it) : [],
  );
  const [v6] = (nic.Ipv6Addresses ?? []).flatMap(({ Ipv6Address: it }) => (it === undefined ? [] : address(it)));
  const createdAt = Date.parse(tagOf(nic, TAG_CREATED) ?? '');
  return {
    id: (nic.NetworkInterfaceId ?? '') as NicId,
    mac: mac(nic.MacAddress ?? ''),
    vlan: vlanOf(nic),
    trunkMac: trunk?.mac ?? mac(nic.MacAddress ?? ''),
    subnet: nic.SubnetId ?? '',
    gateways: [ranges.v4, ranges.v6].flatMap((range) => (range === undefined ? [] : routerOf(range))),
    addresses: [...v4, ...(v6 === undefined ? [] : [v6])],
    groups: (nic.Groups ?? []).flatMap(({ GroupId: id }) => id ?? []),
    carried: trunk !== undefined && nic.Status === 'in-use',
    ...(Number.isNaN(createdAt) ? {} : { createdAt }),
  };
}

function vlanOf(nic: NetworkInterface): number {
  return Number(tagOf(nic, TAG_VLAN) ?? 0);
}

function tagOf({ TagSet: tags = [] }: NetworkInterface, name: string): string | undefined {
  return tags.find(({ Key: key }) => key === name)?.Value;
}
