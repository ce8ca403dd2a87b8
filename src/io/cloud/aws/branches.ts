import {
  AssociateTrunkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  type NetworkInterface,
} from '@aws-sdk/client-ec2';
import type { Millis } from '../../../base/clock.ts';
import type { BranchReport, BranchSpec } from '../../../core/branches/branch.ts';
import type { NicId, NicReport, Token } from '../../../core/ipam/nic.ts';
import { PATIENCE } from '../../../core/ipam/trouble.ts';
import type { BranchProvider } from '../branches.ts';
import { CloudError, type Urgency } from '../provider.ts';
import { type BranchDoors, madeFor } from './branch-doors.ts';
import { branchLimit } from './branch-limits.ts';
import { branchReport, tagged, tagOf, vlanOf } from './branch-report.ts';
import { FULL } from './errors.ts';
import { inUse, noTrunk, notOurs } from './no.ts';
import { subnetRanges } from './reports.ts';
import { type SubnetRanges, TAG_CONFIG, TAG_INSTANCE, TAG_INTENT, TAG_VLAN } from './settings.ts';
import { SubnetChoice } from './subnets.ts';
import { Trunk } from './trunk.ts';
import { VlanNumbers } from './vlan-numbers.ts';

const LOOK_AGAIN_MS: Millis = 1_000;
const ATTACHED_WITHIN_MS: Millis = 30_000; // a trunk that was made for the first pod

/**
 * Branch network interfaces of one instance. Their numbers on the trunk are tags, for EC2 tells of associations only
 * all at once; EC2 itself refuses a number that is taken.
 */
export class AwsBranches implements BranchProvider {
  readonly #doors: BranchDoors;
  readonly #ranges = new Map<string, SubnetRanges>();
  readonly #numbers: VlanNumbers;
  readonly #trunk: Trunk;
  readonly #subnets: SubnetChoice;

  constructor(doors: BranchDoors) {
    this.#doors = doors;
    this.#numbers = new VlanNumbers(doors.clock);
    this.#trunk = new Trunk(doors);
    this.#subnets = new SubnetChoice(doors);
  }

  most(): Promise<number> {
    return Promise.resolve(branchLimit(this.#doors.self.type));
  }

  async report(): Promise<readonly BranchReport[]> {
    const found = await madeFor(this.#doors, 'branch', 'housekeeping');
    if (found.length === 0) return [];
    const trunk = (await this.#doors.nics.ask('housekeeping')).find(({ kind }) => kind === 'trunk');
    const all: BranchReport[] = [];
    for (const nic of found)
      all.push(branchReport(nic, trunk, await this.#rangesOf(nic.SubnetId ?? '', 'housekeeping')));
    return all;
  }

  /** What an earlier try by the token made is found, by its tag, or by EC2, which knows the token again. */
  async create(spec: BranchSpec, token: Token, urgency: Urgency): Promise<BranchReport> {
    const { self } = this.#doors;
    if ((await this.most()) === 0) throw noTrunk(self);
    const subnet = await this.#subnetFor(spec, urgency);
    const trunk = await this.#trunk.get(token, urgency);
    const present = await madeFor(this.#doors, 'branch', urgency);
    const before = present.find((it) => tagOf(it, TAG_INTENT) === token);
    const vlan = before === undefined ? this.#numbers.take(token, new Set(present.map(vlanOf))) : vlanOf(before);
    if (vlan === undefined) throw noTrunk(self);
    let refused = false;
    try {
      const nic = before ?? (await this.#created(spec, { token, vlan, subnet, urgency }));
      const ranges = await this.#rangesOf(nic.SubnetId ?? '', urgency);
      if (nic.Status !== 'in-use')
        await this.#carried(nic.NetworkInterfaceId as NicId, { trunk, vlan, token, urgency });
      return { ...branchReport(nic, trunk, ranges), carried: true };
    } catch (error) {
      refused = isNumberTaken(error);
      throw error;
    } finally {
      this.#numbers.settle(token, { refused });
    }
  }

  async removeTrunk(urgency: Urgency): Promise<void> {
    const [still] = await madeFor(this.#doors, 'branch', urgency);
    if (still !== undefined) throw inUse(this.#doors.self, still.NetworkInterfaceId as NicId);
    await this.#trunk.remove(urgency);
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

  /** As its NICConfig says, which another zone's does not; else the zone's own, or the node's. */
  async #subnetFor({ place }: BranchSpec, urgency: Urgency): Promise<string> {
    const { settings, self } = this.#doors;
    const [said] = place === undefined ? [] : await this.#subnets.inOrder(place, urgency);
    return said ?? settings.zones[self.zone]?.subnet ?? self.primarySubnet;
  }

  async #created(
    { groups, v6, place }: BranchSpec,
    of: { readonly token: Token; readonly vlan: number; readonly subnet: string; readonly urgency: Urgency },
  ): Promise<NetworkInterface> {
    const { ec2, self } = this.#doors;
    const { token, vlan, subnet, urgency } = of;
    const maker = await this.#doors.maker();
    const config = place === undefined ? {} : { [TAG_CONFIG]: place.name };
    const tags = { ...maker.tags(token), ...config, [TAG_VLAN]: `${vlan}` };
    const answer = await ec2.ask({ action: 'CreateNetworkInterface', urgency, subnet, again: true }, (client) =>
      client.send(
        new CreateNetworkInterfaceCommand({
          InterfaceType: 'branch',
          SubnetId: subnet,
          ClientToken: token,
          Description: `berth ${self.instance} of one pod`,
          Groups: groups.toSorted(), // the same words for whoever asks by the token
          ...(v6 ? { Ipv6AddressCount: 1 } : {}),
          TagSpecifications: [tagged(tags)],
        }),
      ),
    );
    return answer.NetworkInterface ?? {};
  }

  /** What the trunk does not carry, and is not asked for again by the same token, is not left behind. */
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
          this.#trunk.forget(); // perhaps somebody took it away
          if (!(error instanceof CloudError) || !PATIENCE[error.kind].again)
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
    const { trunk, vlan: VlanId, token, urgency } = of;
    const ClientToken = `${token}-${trunk.id.slice(-8)}-${VlanId}`; // another trunk is another request
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

/** EC2 has no code for it: a trunk that carries no more has one. */
function isNumberTaken(error: unknown): boolean {
  if (!(error instanceof CloudError) || error.action !== 'AssociateTrunkInterface') return false;
  return error.kind === 'limit' && error.code !== FULL;
}
