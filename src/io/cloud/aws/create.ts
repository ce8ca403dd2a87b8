import {
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  type CreateNetworkInterfaceCommandInput,
  DeleteNetworkInterfaceCommand,
  DetachNetworkInterfaceCommand,
  type NetworkInterface,
} from '@aws-sdk/client-ec2';
import type { Clock, Millis } from '../../../base/clock.ts';
import type { NicId, NicReport, NicSpec, Token } from '../../../core/ipam/nic.ts';
import type { NearCloud } from '../near.ts';
import { CloudError, type NicOrder, type Urgency } from '../provider.ts';
import type { Ec2 } from './ec2.ts';
import { FULL } from './errors.ts';
import { podGroups, primaryGroups } from './groups.ts';
import type { NicsOfInstance } from './nics.ts';
import { noPlace, noSubnet, notOurs } from './no.ts';
import {
  type AwsSelf,
  type AwsSettings,
  TAG_CLUSTER,
  TAG_CONFIG,
  TAG_CREATED,
  TAG_INSTANCE,
  TAG_INTENT,
} from './settings.ts';
import { SubnetChoice } from './subnets.ts';

const LOOK_AGAIN_MS = 1_000;
const ATTACHED_WITHIN_MS = 60_000;
const KNOWN_WITHIN_MS = 10_000; // EC2 may not know at once what it has just made

export interface NicMakerDoors {
  readonly ec2: Ec2;
  readonly nics: NicsOfInstance;
  readonly self: AwsSelf;
  readonly settings: AwsSettings;
  readonly clock: Clock;
  readonly places: number; // NICs that one card may have
  readonly near?: NearCloud;
}

/** Makes NICs and takes them away: several calls each, any of which may be cut off and asked again. */
export class NicMaker {
  readonly #doors: NicMakerDoors;
  readonly #subnets: SubnetChoice;
  readonly #devices = new Set<number>(); // given to NICs that are being attached
  readonly #begun = new Set<Token>(); //    asked for before, and not made yet
  readonly #since: Millis; //               tokens from before: nobody knows what came of them

  constructor(doors: NicMakerDoors) {
    this.#doors = doors;
    this.#subnets = new SubnetChoice(doors);
    // elsewhere than on the instance: clocks differ, and another of us may have been asked before
    this.#since = doors.near === undefined ? Number.POSITIVE_INFINITY : doors.clock.now();
  }

  /** Created with its first addresses, attached, and seen. The same token makes the same NIC (A26). */
  async create(spec: NicOrder, token: Token, urgency: Urgency): Promise<NicReport> {
    const isFirst = !this.#begun.has(token) && timeOf(token, this.#doors.clock) >= this.#since;
    this.#begun.add(token);
    const present = await this.#present(isFirst, urgency);
    const before = isFirst ? undefined : await this.#madeBefore(token, urgency);
    const made = before ?? (await this.#createSomewhere(spec, token, { urgency, present }));
    const id = made.NetworkInterfaceId as NicId;
    const there = present.find((it) => it.id === id);
    if (there !== undefined) return there; // an earlier try was cut off behind it
    const seen = await this.attached(made, urgency);
    this.#begun.delete(token);
    return seen;
  }

  /** What a NIC is marked with that is made by a token. */
  tags(token: Token): Readonly<Record<string, string>> {
    const { self, settings, clock } = this.#doors;
    return {
      ...settings.tags,
      [TAG_INSTANCE]: self.instance,
      [TAG_CREATED]: new Date(timeOf(token, clock)).toISOString(),
      [TAG_INTENT]: token,
      ...(settings.cluster === '' ? {} : { [TAG_CLUSTER]: settings.cluster }),
    };
  }

  /** Absent is success. */
  async remove(nic: NicId, urgency: Urgency): Promise<void> {
    const { nics, ec2 } = this.#doors;
    const [found] = await nics.describe([{ Name: 'network-interface-id', Values: [nic] }], urgency);
    if (found === undefined) return;
    if (ownerOf(found) !== this.#doors.self.instance) throw notOurs(nic, ownerOf(found));
    const { AttachmentId: attachment, Status: status } = found.Attachment ?? {};
    if (attachment !== undefined && status !== 'detaching')
      await absentIsFine(
        ec2.ask({ action: 'DetachNetworkInterface', urgency, again: true }, (client) =>
          client.send(new DetachNetworkInterfaceCommand({ AttachmentId: attachment })),
        ),
      );
    await this.#untilFree(nic, urgency);
    await this.#delete(nic, urgency);
  }

  /** What was just made and not attached: EC2 may not show it yet, so that a look for it would prove nothing. */
  async #unmake(nic: NicId, urgency: Urgency): Promise<void> {
    try {
      await this.#delete(nic, urgency);
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind !== 'busy') throw error;
      await this.remove(nic, urgency); // attached after all
    }
  }

  async #delete(nic: NicId, urgency: Urgency): Promise<void> {
    await absentIsFine(
      this.#doors.ec2.ask({ action: 'DeleteNetworkInterface', urgency, again: true }, (client) =>
        client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: nic })),
      ),
    );
  }

  /** What is attached: for a first try as EC2 told last, for another one as it tells now. */
  async #present(isFirst: boolean, urgency: Urgency): Promise<readonly NicReport[]> {
    const { nics } = this.#doors;
    return isFirst && nics.known.length > 0 ? nics.known : nics.ask(urgency);
  }

  /**
   * What an earlier try made, in whatever subnet and with whatever groups were the right ones then. EC2 itself knows a
   * token again only with the same words.
   */
  async #madeBefore(token: Token, urgency: Urgency): Promise<NetworkInterface | undefined> {
    const { nics, self } = this.#doors;
    const filters = [
      { Name: 'vpc-id', Values: [self.vpc] },
      { Name: `tag:${TAG_INSTANCE}`, Values: [self.instance] },
      { Name: `tag:${TAG_INTENT}`, Values: [token] },
    ];
    return (await nics.describe(filters, urgency))[0];
  }

  async #createSomewhere(
    spec: NicOrder,
    token: Token,
    { urgency, present }: { urgency: Urgency; present: readonly NicReport[] },
  ): Promise<NetworkInterface> {
    const groups = podGroups(this.#doors, primaryGroups(present), spec.place);
    let refused: CloudError | undefined;
    for (const subnet of await this.#subnets.inOrder(spec.place, urgency)) {
      const input = this.#request({ spec, token, subnet, groups });
      try {
        const answer = await this.#doors.ec2.ask(
          { action: 'CreateNetworkInterface', urgency, subnet, again: true },
          (client) => client.send(new CreateNetworkInterfaceCommand(input)),
        );
        return answer.NetworkInterface ?? {};
      } catch (error) {
        if (!(error instanceof CloudError) || error.kind !== 'exhausted') throw error;
        this.#subnets.rest(subnet);
        refused = error;
      }
    }
    throw refused ?? noSubnet(this.#doors.self);
  }

  /** A token is of one subnet: EC2 refuses it with other parameters. */
  #request(of: {
    spec: NicSpec;
    token: Token;
    subnet: string;
    groups: readonly string[];
  }): CreateNetworkInterfaceCommandInput {
    const { self } = this.#doors;
    const tags = {
      ...this.tags(of.token),
      ...(of.spec.config === undefined ? {} : { [TAG_CONFIG]: of.spec.config }),
    };
    return {
      SubnetId: of.subnet,
      ClientToken: `${of.token}-${of.subnet.slice(-8)}`,
      Description: `berth ${self.instance}`,
      Groups: [...of.groups],
      ...unitsOf(of.spec),
      TagSpecifications: [
        { ResourceType: 'network-interface', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    };
  }

  /** Attached, if it is not, and seen. What cannot be attached is not left behind. */
  async attached({ NetworkInterfaceId: id, Attachment: at }: NetworkInterface, urgency: Urgency): Promise<NicReport> {
    const nic = id as NicId;
    if (at?.InstanceId) return this.#seen(nic, urgency);
    const until = this.#doors.clock.now() + KNOWN_WITHIN_MS;
    const refused = new Set<number | 'all'>(); // by EC2, which may tell late of what others attached
    for (;;) {
      const device = this.#freeDevice(refused);
      if (device === undefined) {
        await this.#unmake(nic, urgency);
        throw noPlace(this.#doors.self, this.#doors.places);
      }
      this.#devices.add(device);
      try {
        await this.#attach(nic, device, urgency);
        return await this.#seen(nic, urgency); // until then nobody else can know that the number is taken
      } catch (error) {
        if (!(error instanceof CloudError)) throw error;
        if (error.kind === 'limit') refused.add(error.code === FULL ? 'all' : device);
        else if (error.kind === 'gone' && this.#doors.clock.now() < until) await this.#pause();
        else throw await this.#undone(nic, error, urgency);
      } finally {
        this.#devices.delete(device);
      }
    }
  }

  /** What is not asked again by the same token would be left behind. Whoever may not delete either has a sweeper. */
  async #undone(nic: NicId, because: CloudError, urgency: Urgency): Promise<CloudError> {
    if (because.kind === 'denied' || because.kind === 'gone') await this.#unmake(nic, urgency).catch(() => {});
    return because;
  }

  /** The least number that no NIC has, nor one that is on its way. */
  #freeDevice(refused: ReadonlySet<number | 'all'>): number | undefined {
    const { nics, places } = this.#doors;
    if (refused.has('all')) return undefined;
    const taken = new Set(nics.known.filter(({ card }) => card === 0).map(({ device }) => device));
    const isFree = (it: number) => !taken.has(it) && !refused.has(it) && !this.#devices.has(it);
    return Array.from({ length: places }, (_, i) => i).find(isFree);
  }

  /** That it ends with the instance is asked for later (`tendNics`): no pod waits for it. */
  async #attach(nic: NicId, device: number, urgency: Urgency): Promise<void> {
    const { ec2, self } = this.#doors;
    await ec2.ask({ action: 'AttachNetworkInterface', urgency, again: true }, (client) =>
      client.send(
        new AttachNetworkInterfaceCommand({
          DeviceIndex: device,
          InstanceId: self.instance,
          NetworkInterfaceId: nic,
        }),
      ),
    );
  }

  async #seen(nic: NicId, urgency: Urgency): Promise<NicReport> {
    const { nics, clock } = this.#doors;
    const until = clock.now() + ATTACHED_WITHIN_MS;
    for (;;) {
      const found = (await nics.ask(urgency)).find((it) => it.id === nic);
      if (found !== undefined) return found;
      if (clock.now() > until)
        throw new CloudError('unknown', {
          action: 'AttachNetworkInterface',
          code: 'NotSeen',
          message: `${nic} was attached, and EC2 does not show it; it is looked for again`,
        });
      await this.#pause();
    }
  }

  async #untilFree(nic: NicId, urgency: Urgency): Promise<void> {
    const { nics, clock } = this.#doors;
    const until = clock.now() + ATTACHED_WITHIN_MS;
    for (;;) {
      const [found] = await nics.describe([{ Name: 'network-interface-id', Values: [nic] }], urgency);
      if (found === undefined || found.Status === 'available' || clock.now() > until) return;
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#doors.clock.timer(LOOK_AGAIN_MS, resolve);
    });
  }
}

function unitsOf({ count, unit, family }: NicSpec): Partial<CreateNetworkInterfaceCommandInput> {
  if (count === 0) return {};
  if (family === 'v6') return unit === 'prefix' ? { Ipv6PrefixCount: count } : { Ipv6AddressCount: count };
  return unit === 'prefix' ? { Ipv4PrefixCount: count } : { SecondaryPrivateIpAddressCount: count };
}

/** The same token must come with the same words. A token that holds its time, "…@1700000000000", gives it. */
function timeOf(token: Token, clock: Clock): Millis {
  const at = Number(token.split('@')[1]);
  return Number.isFinite(at) ? at : clock.now();
}

async function absentIsFine(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind !== 'gone') throw error;
  }
}

/** The instance that a NIC is of, or was made for. */
function ownerOf({ Attachment: at, TagSet: tags = [] }: NetworkInterface): string | undefined {
  return at?.InstanceId ?? tags.find(({ Key: key }) => key === TAG_INSTANCE)?.Value;
}
