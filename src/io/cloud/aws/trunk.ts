import { CreateNetworkInterfaceCommand, type NetworkInterface } from '@aws-sdk/client-ec2';
import type { NicId, NicReport, Token } from '../../../core/ipam/nic.ts';
import { PATIENCE } from '../../../core/ipam/trouble.ts';
import { CloudError, type Urgency } from '../provider.ts';
import { type BranchDoors, madeFor } from './branch-doors.ts';
import { tagged } from './branch-report.ts';
import { primaryGroups } from './groups.ts';

/** The NIC of an instance that carries those of single pods: one, whoever asks. */
export class Trunk {
  readonly #doors: BranchDoors;
  #there: Promise<NicReport> | undefined;
  #token: Token | undefined; // it was asked for by this one, and nobody knows what came of it

  constructor(doors: BranchDoors) {
    this.#doors = doors;
  }

  /**
   * The one that is attached, else one that was made before, else a new one in the node's own subnet. One that could
   * not be made is made by whoever asks next. Throws CloudError.
   */
  get(token: Token, urgency: Urgency): Promise<NicReport> {
    this.#there ??= this.#found(token, urgency).catch((error: unknown) => {
      this.#there = undefined;
      throw error;
    });
    return this.#there;
  }

  /** Perhaps somebody took it away: it is looked for when it is asked for next. */
  forget(): void {
    this.#there = undefined;
  }

  /** All that were made for this instance go; one that somebody else made stays. None = success. Throws CloudError. */
  async remove(urgency: Urgency): Promise<void> {
    this.forget();
    const made = await madeFor(this.#doors, 'trunk', urgency);
    const maker = await this.#doors.maker();
    for (const { NetworkInterfaceId: id = '' } of made) await maker.remove(id as NicId, urgency);
  }

  async #found(token: Token, urgency: Urgency): Promise<NicReport> {
    const { nics, maker } = this.#doors;
    const present = await nics.ask(urgency);
    const there = present.find(({ kind, managed }) => kind === 'trunk' && managed);
    if (there !== undefined) return there;
    this.#token ??= `${token}-trunk` as Token;
    try {
      const [before] = await madeFor(this.#doors, 'trunk', urgency);
      const made = before ?? (await this.#create(this.#token, primaryGroups(present), urgency));
      const attached = await (await maker()).attached(made, urgency);
      this.#token = undefined;
      return attached;
    } catch (error) {
      if (!(error instanceof CloudError) || !PATIENCE[error.kind].again) this.#token = undefined;
      throw error;
    }
  }

  async #create(token: Token, groups: readonly string[], urgency: Urgency): Promise<NetworkInterface> {
    const { ec2, self } = this.#doors;
    const maker = await this.#doors.maker();
    const answer = await ec2.ask({ action: 'CreateNetworkInterface', urgency, again: true }, (client) =>
      client.send(
        new CreateNetworkInterfaceCommand({
          InterfaceType: 'trunk',
          SubnetId: self.primarySubnet,
          ClientToken: token,
          Description: `berth ${self.instance} trunk`,
          Groups: [...groups],
          TagSpecifications: [tagged(maker.tags(token))],
        }),
      ),
    );
    return answer.NetworkInterface ?? {};
  }
}
