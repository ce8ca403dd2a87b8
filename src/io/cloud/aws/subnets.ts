import type { Subnet } from '@aws-sdk/client-ec2';
import type { Clock, Millis } from '../../../base/clock.ts';
import { rankSubnets } from '../../../core/cluster/subnets.ts';
import type { Urgency } from '../provider.ts';
import type { NicsOfInstance } from './nics.ts';
import type { AwsSelf, AwsSettings } from './settings.ts';

const REST_MS = 120_000; //  a subnet that had nothing left is not asked first again for so long
const FRESH_MS = 15_000; //  NICs come in bursts: one answer serves them

export interface SubnetDoors {
  readonly nics: NicsOfInstance;
  readonly self: AwsSelf;
  readonly settings: AwsSettings;
  readonly clock: Clock;
}

/** Where a NIC may stand: the zone's own subnet, the node's, or those that tags name, the emptiest first (A46, A47). */
export class SubnetChoice {
  readonly #doors: SubnetDoors;
  readonly #resting = new Map<string, Millis>();
  #told: { readonly at: Millis; readonly subnets: Promise<readonly Subnet[]> } | undefined;

  constructor(doors: SubnetDoors) {
    this.#doors = doors;
  }

  /** In the order in which they are to be asked. Throws CloudError. */
  async inOrder(urgency: Urgency): Promise<readonly string[]> {
    const { settings, self, clock } = this.#doors;
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
