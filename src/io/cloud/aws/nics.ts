import {
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  type NetworkInterface,
  type Subnet,
} from '@aws-sdk/client-ec2';
import type { NicId, NicReport } from '../../../core/ipam/nic.ts';
import { hear, type NearCloud } from '../near.ts';
import type { Urgency } from '../provider.ts';
import type { Ec2 } from './ec2.ts';
import { reportOf, subnetRanges } from './reports.ts';
import { type AwsSelf, type AwsSettings, type SubnetRanges, TAG_INSTANCE } from './settings.ts';

const PAGE = 1_000;

/** A NIC and its attachment, as EC2 names them. */
export interface Attached {
  readonly nic: NicId;
  readonly attachment: string;
}

/** As EC2 names filters. */
export type Filters = readonly { readonly Name: string; readonly Values: readonly string[] }[];

/** All NICs that filters leave, page by page. Throws CloudError. */
export async function describeNics(ec2: Ec2, filters: Filters, urgency: Urgency): Promise<readonly NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  for (let token: string | undefined; ; ) {
    const page = await ec2.ask({ action: 'DescribeNetworkInterfaces', urgency, again: true }, (client) =>
      client.send(
        new DescribeNetworkInterfacesCommand({
          Filters: filters.map(({ Name, Values }) => ({ Name, Values: [...Values] })),
          MaxResults: PAGE,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      ),
    );
    found.push(...(page.NetworkInterfaces ?? []));
    token = page.NextToken;
    if (token === undefined) return found;
  }
}

/** What this instance's NICs are, asked of EC2, or of metadata where that is enough. */
export class NicsOfInstance {
  readonly #ec2: Ec2;
  readonly #near: NearCloud | undefined;
  readonly #self: AwsSelf;
  readonly #settings: AwsSettings;
  readonly #ranges: Map<string, SubnetRanges>; // a subnet never changes its ranges of IPv4
  #known: readonly NicReport[];
  #outliving: readonly Attached[] = [];

  constructor(of: {
    ec2: Ec2;
    near?: NearCloud;
    self: AwsSelf;
    settings: AwsSettings;
    known: readonly NicReport[];
  }) {
    this.#known = of.known;
    [this.#ec2, this.#near, this.#self, this.#settings] = [of.ec2, of.near, of.self, of.settings];
    this.#ranges = new Map([[of.self.primarySubnet, of.self.primaryRanges]]);
  }

  /** The NICs as EC2 told last. */
  get known(): readonly NicReport[] {
    return this.#known;
  }

  /** Those that we made and that would stay behind when the instance ends, as EC2 told last. */
  get outliving(): readonly Attached[] {
    return this.#outliving;
  }

  /** Asks EC2. Throws CloudError. */
  async ask(urgency: Urgency): Promise<readonly NicReport[]> {
    const filters = [{ Name: 'attachment.instance-id', Values: [this.#self.instance] }];
    const found = await this.describe(filters, urgency);
    const ranges = await this.#rangesOf(found, urgency);
    const { instance } = this.#self;
    this.#outliving = found.flatMap((nic) => outlivingOf(nic, instance));
    this.#known = found
      .map((nic) => reportOf(nic, { ranges: ranges(nic.SubnetId), settings: this.#settings, instance }))
      .sort((a, b) => a.card - b.card || a.device - b.device);
    return this.#known;
  }

  /** As metadata tell, where there are any for us: no call of EC2, and perhaps late. */
  async hear(): Promise<readonly NicReport[]> {
    const ask = () => this.ask('housekeeping');
    return this.#near === undefined ? ask() : hear(this.#near, this.#known, ask);
  }

  describe(filters: Filters, urgency: Urgency): Promise<readonly NetworkInterface[]> {
    return describeNics(this.#ec2, filters, urgency);
  }

  async subnets(filters: Filters, urgency: Urgency): Promise<readonly Subnet[]> {
    const answer = await this.#ec2.ask({ action: 'DescribeSubnets', urgency, again: true }, (client) =>
      client.send(
        new DescribeSubnetsCommand({ Filters: filters.map(({ Name, Values }) => ({ Name, Values: [...Values] })) }),
      ),
    );
    return answer.Subnets ?? [];
  }

  async #rangesOf(
    nics: readonly NetworkInterface[],
    urgency: Urgency,
  ): Promise<(subnet: string | undefined) => SubnetRanges> {
    const missing = [
      ...new Set(nics.flatMap(({ SubnetId: id }) => (id === undefined || this.#ranges.has(id) ? [] : id))),
    ];
    if (missing.length > 0)
      for (const subnet of await this.subnets([{ Name: 'subnet-id', Values: missing }], urgency))
        this.#ranges.set(subnet.SubnetId ?? '', subnetRanges(subnet));
    return (subnet) => this.#ranges.get(subnet ?? '') ?? {};
  }
}

function outlivingOf({ NetworkInterfaceId: id, Attachment: at, TagSet: tags }: NetworkInterface, instance: string) {
  const ours = (tags ?? []).some(({ Key: key, Value: value }) => key === TAG_INSTANCE && value === instance);
  if (!ours || id === undefined || at?.AttachmentId === undefined) return [];
  if (at.DeleteOnTermination !== false || at.Status === 'detaching') return [];
  return [{ nic: id as NicId, attachment: at.AttachmentId }];
}
