import type { Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { AttachmentRecord } from '../../core/attachment.ts';
import { show } from '../../core/datapath/plan.ts';
import { sweep } from '../../core/datapath/transition.ts';
import { retract } from '../../io/kernel/execute.ts';
import { type AttachDoors, detach } from './attach.ts';
import { whom } from './history.ts';
import type { Lanes } from './lanes.ts';
import { vanishedAttachments } from './rescue.ts';

export interface SweeperDoors extends AttachDoors {
  readonly lanes: Lanes;
  readonly log: Logger;
  /** Whether the cluster knows of no pod that an attachment is of; absent: nobody can say. */
  readonly podGone?: ((record: AttachmentRecord) => boolean) | undefined;
}

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;

/**
 * Takes away what nobody has: items of ours in the kernel that are in no plan, and attachments on record that are
 * nowhere else. Both come of lost records, and of changes that could not be made to the end.
 */
export class Sweeper {
  readonly #doors: SweeperDoors;
  #retryMs: Millis = FIRST_RETRY_MS;
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(doors: SweeperDoors) {
    this.#doors = doors;
  }

  /** Sweeps once, and what is left again later. Never throws. */
  async sweep(): Promise<void> {
    let clean = false;
    try {
      const free = await this.#releaseVanished();
      clean = (await this.#removeOrphans()) && free;
    } catch (err) {
      this.#doors.log.warn('not swept', { err });
    }
    this.#cancelRetry?.();
    if (this.#stopped) return;
    if (!clean) this.#cancelRetry = this.#doors.clock.timer(this.#retryMs, () => void this.sweep());
    this.#retryMs = clean ? FIRST_RETRY_MS : Math.min(LAST_RETRY_MS, 2 * this.#retryMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
  }

  /**
   * Whether nothing is left that is nobody's. Until the node's plan stands nobody can tell: where its record was lost,
   * all of the node's own would seem to be nobody's, and go from under the pods.
   */
  async #removeOrphans(): Promise<boolean> {
    const { kernel, attachments, node, log } = this.#doors;
    if (!node.standing) return false;
    const inventory = await kernel.inventory(); // before the records are read: what is claimed meanwhile is not in it
    const plans = attachments.all().map(({ plan }) => plan);
    const lost = sweep(inventory, plans, node.plan);
    if (lost.length === 0) return true;
    log.warn('removing what is nobody’s', { items: lost.map(show) });
    const left = await retract(kernel, lost);
    for (const { item, error } of left) log.warn('not removed', { item: show(item), err: error });
    return left.length === 0;
  }

  /** Whether nothing is on record that is nowhere else. */
  async #releaseVanished(): Promise<boolean> {
    const { attachments, lanes } = this.#doors;
    let clean = true;
    for (const record of await this.#vanished(attachments.all())) {
      const release = () => this.#release(record);
      clean = (await lanes.run(record.name.containerId, release)) && clean;
    }
    return clean;
  }

  async #vanished(records: readonly AttachmentRecord[]): Promise<readonly AttachmentRecord[]> {
    const { kernel, podGone } = this.#doors;
    const sandboxExists = (path: string) => kernel.sandboxExists(path);
    const inventory = await kernel.inventory();
    return vanishedAttachments(records, inventory, { sandboxExists, ...(podGone && { podGone }) });
  }

  /** In the attachment's lane, so that no ADD or DEL of it is under way. */
  async #release(record: AttachmentRecord): Promise<boolean> {
    const { attachments, history, log } = this.#doors;
    const { id, addresses } = record;
    if (attachments.get(id) !== record) return true; // somebody has attached it anew
    if ((await this.#vanished([record])).length === 0) return true; // or was just doing so
    try {
      await detach(this.#doors, id);
    } catch (err) {
      log.warn('vanished, but not released', { id, err });
      return false;
    }
    history.note(whom(record), { kind: 'swept', because: 'neither its link nor its sandbox or pod is there any more' });
    log.warn('vanished', { id, ips: addresses });
    return true;
  }
}
