import type { Random } from '../src/base/random.ts';
import type { Item } from '../src/core/datapath/plan.ts';
import type { Verb } from '../src/io/kernel/fake-kernel.ts';
import { KernelError, type KernelErrorKind } from '../src/io/kernel/kernel.ts';
import { DiskError } from '../src/io/store/disk.ts';
import type { DiskTouch } from './sim-disk.ts';

/** What may go wrong at the doors of one run. */
export interface Weather {
  readonly kernel: number; //  share of the kernel's touches that fail
  readonly disk: 'well' | 'full' | 'io' | 'unsyncable' | 'slow';
  readonly share: number; //   share of the disk's touches that this concerns
}

export const CALM: Weather = { kernel: 0, disk: 'well', share: 0 };

const KERNEL_FAULTS: readonly { readonly kind: KernelErrorKind; readonly errno: string }[] = [
  { kind: 'busy', errno: 'EBUSY' },
  { kind: 'full', errno: 'ENOMEM' },
  { kind: 'denied', errno: 'EPERM' },
  { kind: 'unknown', errno: 'EREMOTEIO' },
];

/** The faults of one run: drawn from its random numbers, until it is calmed. */
export class Faults {
  readonly #random: Random;
  #weather: Weather;

  constructor(random: Random, weather: Weather) {
    this.#random = random;
    this.#weather = weather;
  }

  /** Whether anything may fail now. */
  get active(): boolean {
    return this.#weather.kernel > 0 || this.#weather.disk !== 'well';
  }

  get slowMs(): number {
    return this.#weather.disk === 'slow' ? 1 + Math.floor(this.#random.fraction() * 400) : 0;
  }

  /** From now on everything works. */
  calm(): void {
    this.#weather = CALM;
  }

  kernel(item: Item | undefined, verb: Verb): KernelError | undefined {
    if (this.#weather.kernel === 0 || this.#random.fraction() >= this.#weather.kernel) return undefined;
    const fault = KERNEL_FAULTS[Math.floor(this.#random.fraction() * KERNEL_FAULTS.length)];
    if (fault === undefined) return undefined;
    return new KernelError(fault.kind, `cannot ${verb}${item === undefined ? '' : ` ${item.kind}`}: ${fault.errno}`, {
      errno: fault.errno,
    });
  }

  spool(what: string): DiskError | undefined {
    const { disk, share } = this.#weather;
    if (disk !== 'io' || this.#random.fraction() >= share / 2) return undefined;
    return new DiskError('io', `cannot do ${what} of the spool: fault`);
  }

  disk(what: DiskTouch): DiskError | undefined {
    const { disk, share } = this.#weather;
    if (disk === 'well' || disk === 'slow') return undefined;
    const concerned =
      (disk === 'full' && (what.verb === 'create' || (what.verb === 'write' && this.#seldom()))) ||
      (disk === 'io' && (what.verb === 'write' || what.verb === 'create' || what.verb === 'rename')) ||
      (disk === 'unsyncable' && (what.verb === 'sync' || what.verb === 'syncDirectory'));
    if (!concerned || this.#random.fraction() >= share) return undefined;
    return new DiskError(disk === 'full' ? 'full' : 'io', `cannot ${what.verb} ${what.name}: fault`);
  }

  /** A file has its room when it is made; some disks keep copies of what is written, and have none left for them. */
  #seldom(): boolean {
    return this.#random.fraction() < 0.1;
  }
}

/** The weather in a line, for whoever reads a story. */
export function weatherText({ kernel, disk, share }: Weather): string {
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  const told = [
    kernel > 0 ? `the kernel refuses ${percent(kernel)}` : [],
    disk === 'slow' ? 'the disk is slow' : disk === 'well' ? [] : `the disk fails in ${percent(share)} (${disk})`,
  ].flat();
  return told.join(', ') || 'nothing fails';
}

/** The weather of a run: fair for half of them. */
export function weatherOf(random: Random): Weather {
  const lot = random.fraction();
  if (lot < 0.5) return CALM;
  const kernel = random.fraction() < 0.6 ? 0.002 + random.fraction() * 0.05 : 0;
  const kinds: readonly Weather['disk'][] = ['well', 'full', 'io', 'unsyncable', 'slow'];
  const disk = kinds[Math.floor(random.fraction() * kinds.length)] ?? 'well';
  return { kernel, disk, share: 0.1 + random.fraction() * 0.9 };
}
