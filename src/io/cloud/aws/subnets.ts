import type { Subnet } from '@aws-sdk/client-ec2';
import type { Clock, Millis } from '../../../base/clock.ts';
import { rankSubnets } from '../../../core/cluster/subnets.ts';
import type { NicPlace } from '../../../core/ipam/placing.ts';
import type { Urgency } from '../provider.ts';
import type { NicsOfInstance } from './nics.ts';
import { otherZone } from './no.ts';
import type { AwsSelf, AwsSettings } from './settings.ts';

const REST_MS = 120_000; //  a subnet that had nothing left is not asked first again for so long
const FRESH_MS = 15_000; //  NICs come in bursts: one answer serves them

export interface SubnetDoors {
  readonly nics: NicsOfInstance;
  readonly self: AwsSelf;
  readonly settings: AwsSettings;
  readonly clock: Clock;
}

/**
 * Where a NIC may stand: as its NICConfig says, in the zone's own subnet, the node's, or those that tags name, the
 * emptiest first (A46, A47).
 */
export class SubnetChoice {
  readonly #doors: SubnetDoors;
  readonly #zones = new Map<string, string>(); // of subnets: they never change
  readonly #resting = new Map<string, Millis>();
  #told: { readonly at: Millis; readonly subnets: Promise<readonly Subnet[]> } | undefined;

  constructor(doors: SubnetDoors) {
    this.#doors = doors;
  }

  /** In the order in which they are to be asked. Throws CloudError. */
  async inOrder(place: NicPlace | undefined, urgency: Urgency): Promise<readonly string[]> {
    const { settings, self, clock } = this.#doors;
    if (place !== undefined) return [await this.#reachable(place, urgency)];
    const zone = settings.zones[self.zone];
    if (zone !== undefined) return [zone.subnet];
    if (!settings.discoverSubnets) return [self.primarySubnet];
    const subnets = (await this.#ofZone(urgency)).map((it) => ({
      id: it.SubnetId ?? '',
      free: it.AvailableIpAddressCount ?? 0,
      tags: Object.fromEntries((it.Tags ?? []).map(({ Key: key = '', Value: value = '' }) => [key, value])),
    }));
    const question = { own: self.primarySubnet, cluster: settings.cluster, resting: this.#resting, now: clock.now() };
    return rankSubnets({ ...question, subnets });
  }

  /** It had nothing left. */
  rest(subnet: string): void {
    this.#resting.set(subnet, this.#doors.clock.now() + REST_MS);
    this.#told = undefined; // somebody may have made room for pods meanwhile
  }

  /** EC2 would make a NIC in any zone, and refuse to attach it to an instance of another. */
  async #reachable({ name, subnet }: NicPlace, urgency: Urgency): Promise<string> {
    const { nics, self } = this.#doors;
    if (!this.#zones.has(subnet)) {
      const [told] = await nics.subnets([{ Name: 'subnet-id', Values: [subnet] }], urgency);
      if (told?.AvailabilityZone !== undefined) this.#zones.set(subnet, told.AvailabilityZone);
    }
    const zone = this.#zones.get(subnet);
    if (zone !== self.zone) throw otherZone({ config: name, subnet, zone }, self);
    return subnet;
  }

  #ofZone(urgency: Urgency): Promise<readonly Subnet[]> {
    const { nics, self, clock } = this.#doors;
    const now = clock.now();
    if (this.#told !== undefined && now - this.#told.at < FRESH_MS) return this.#told.subnets;
    const filters = [
      { Name: 'vpc-id', Values: [self.vpc] },
      { Name: 'availability-zone', Values: [self.zone] },
    ];
    const subnets = nics.subnets(filters, urgency);
    const told = { at: now, subnets };
    this.#told = told;
    subnets.catch(() => {
      if (this.#told === told) this.#told = undefined; // whoever waits is told by the promise itself
    });
    return subnets;
  }
}
