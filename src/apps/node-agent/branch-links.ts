import type { Clock, Millis } from '../../base/clock.ts';
import type { BranchReport } from '../../core/branches/branch.ts';
import type { BranchDatapath } from '../../core/datapath/branch-plan.ts';
import type { Kernel } from '../../io/kernel/kernel.ts';
import type { Attachments } from './attachments.ts';

export interface BranchLinkDoors {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly attachments: Attachments;
}

/** So long a link of the NIC's own may take, where none was seen before, until the trunk's VLAN is taken for it. */
const FIRST_LOOK_MS: Millis = 2_000;

/**
 * Where branch NICs are on this node: as links of their own, by their MAC, or as VLANs of the trunk. Which of the two a
 * cloud does is seen with the first, and believed from then on.
 */
export class BranchLinks {
  readonly #doors: BranchLinkDoors;
  #own: boolean | undefined;

  constructor(doors: BranchLinkDoors) {
    this.#doors = doors;
    for (const { branch, plan } of doors.attachments.all())
      if (branch !== undefined) this.#own = !plan.some(({ kind }) => kind === 'vlan');
  }

  /** Undefined: neither a link of the NIC's nor the trunk's came in time. */
  async of(branch: BranchReport, until: Millis): Promise<BranchDatapath['on'] | undefined> {
    const { clock } = this.#doors;
    const look = Math.min(until, clock.now() + (this.#own === true ? until : this.#own === false ? 0 : FIRST_LOOK_MS));
    const link = await this.#linkOf(branch.mac, look);
    if (link !== undefined) {
      this.#own = true;
      return { link };
    }
    const trunk = this.#own === true ? undefined : await this.#linkOf(branch.trunkMac, until);
    if (trunk === undefined) return undefined;
    this.#own = false;
    return { trunk, mac: branch.mac };
  }

  /** The name of the link with a MAC, as soon as it is there. */
  async #linkOf(mac: string, until: Millis): Promise<string | undefined> {
    const { kernel, clock } = this.#doors;
    const there = (await kernel.hostLinks()).find((it) => it.mac === mac);
    if (there !== undefined || until <= clock.now()) return there?.name;
    return new Promise((resolve, reject) => {
      let ended = false;
      const end = (name: string | undefined) => {
        ended = true;
        unwatch();
        cancel();
        resolve(name);
      };
      const look = () => {
        kernel.hostLinks().then(
          (links) => {
            const found = links.find((it) => it.mac === mac);
            if (!ended && found !== undefined) end(found.name);
          },
          (error: unknown) => {
            unwatch();
            cancel();
            reject(error as Error);
          },
        );
      };
      const unwatch = kernel.watch((change) => {
        if (change.kind === 'overflow' || (change.kind === 'host' && change.what === 'link')) look();
      });
      const cancel = clock.timer(Math.max(0, until - clock.now()), () => end(undefined));
      look();
    });
  }
}
