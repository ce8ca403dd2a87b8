import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { AttachmentId } from '../../core/attachment.ts';
import { idOfCall } from './call-id.ts';
import { RefusalError } from './pool-runner.ts';
import type { SpoolDoor, SpooledCall } from './doors.ts';

/** What the spool runner needs: the spool, and how a DEL is done. */
export interface SpoolRunnerDoors {
  readonly spool: SpoolDoor;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Does a spooled DEL of a sandbox in the lane of its container, unless it has become needless by the time of its
   * turn. Throws when it must be tried again.
   */
  readonly del: (id: AttachmentId, netns: string, needless: () => boolean) => Promise<void>;
}

const RETRY_MS = 5_000; // after a DEL that left something behind

/**
 * Works off the DELs that the CNI executable wrote down while no agent answered: before serving, whenever one comes,
 * and before an ADD of the same attachment.
 */
export class SpoolRunner {
  readonly #doors: SpoolRunnerDoors;
  #running: Promise<void> | undefined;
  #again = false;
  readonly #settled = new Set<string>(); // files that an ADD has worked off since the round began
  #stopWatching: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(doors: SpoolRunnerDoors) {
    this.#doors = doors;
  }

  /** Drains what is there, then watches. */
  async start(): Promise<void> {
    await this.drain();
    this.#stopWatching = this.#doors.spool.watch(() => void this.drain());
  }

  stop(): void {
    this.#stopWatching?.();
    this.#cancelRetry?.();
  }

  /** Works off everything that is spooled; never throws: what fails stays and is tried again. */
  drain(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#rounds().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /**
   * Settles the spooled DELs of one attachment before its ADD. The lane of its container is already ours. Throws
   * RefusalError(spooled-delete).
   */
  async settle(id: AttachmentId, del: (id: AttachmentId, netns: string) => Promise<void>): Promise<void> {
    for (const entry of this.#doors.spool.entries()) {
      if (idOfCall(entry.call) !== id) continue;
      try {
        await del(id, netnsOf(entry));
        this.#settled.add(entry.name); // a round that has read it already must not undo the ADD that comes now
        this.#doors.spool.remove(entry.name);
      } catch (cause) {
        throw new RefusalError({ why: 'spooled-delete' }, { cause });
      }
    }
  }

  /** How many DELs wait. */
  get length(): number {
    return this.#doors.spool.entries().length;
  }

  async #rounds(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      this.#settled.clear();
      for (const entry of this.#waiting()) await this.#one(entry);
    }
  }

  /** A disk that cannot be read now is asked again, as a DEL that fails. */
  #waiting(): readonly SpooledCall[] {
    try {
      return this.#doors.spool.entries();
    } catch (err) {
      this.#doors.log.warn('spool unreadable', { err });
      this.#retryLater();
      return [];
    }
  }

  async #one(entry: SpooledCall): Promise<void> {
    const id = idOfCall(entry.call);
    try {
      if (id === undefined) this.#doors.log.warn('spooled call names no attachment', { name: entry.name });
      else await this.#doors.del(id, netnsOf(entry), () => this.#settled.has(entry.name));
      this.#doors.spool.remove(entry.name);
    } catch (err) {
      this.#doors.log.warn('spooled DEL stays', { id, name: entry.name, err });
      this.#retryLater();
    }
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#doors.clock.timer(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      void this.drain();
    });
  }
}

/** The sandbox that a spooled DEL is about; '' when the runtime did not know it any more. */
function netnsOf({ call }: SpooledCall): string {
  return call.env['CNI_NETNS'] ?? '';
}
