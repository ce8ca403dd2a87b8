import type { Summary } from '../../../emulator/server/summary.ts';
import type { DemoCloud } from './cloud.ts';
import type { DemoNode, DemoPod, Refused } from './nodes.ts';

const LOOK_MS = 100;

/**
 * Pods that arrive all at once, in turn on each node; says meanwhile what becomes of the NICs. Throws when one is
 * refused.
 */
export async function burst(cloud: DemoCloud, nodes: readonly DemoNode[], count: number): Promise<readonly DemoPod[]> {
  const screen = new Screen(cloud, count);
  await screen.look();
  const timer = setInterval(() => void screen.look(), LOOK_MS);
  try {
    const names = Array.from({ length: count }, (_, i) => `pod-${String(i + 1).padStart(2, '0')}`);
    const made = names.map(async (name, i) => {
      const node = nodes[i % nodes.length];
      if (node === undefined) throw new RangeError('there are no nodes');
      const pod = await node.add(name);
      if (isRefused(pod)) throw new Error(`${name} was refused: ${pod.msg}; ${pod.details}`);
      screen.came(pod);
      return pod;
    });
    return await Promise.all(made);
  } finally {
    clearInterval(timer);
    await screen.look();
    screen.close();
  }
}

export function isRefused(pod: DemoPod | Refused): pod is Refused {
  return 'code' in pod;
}

/** What happens, a line an event; on a terminal, below, how far it is. */
class Screen {
  readonly #cloud: DemoCloud;
  readonly #count: number;
  readonly #began = performance.now();
  readonly #known = new Map<string, string>(); // NICs, as they were told of
  #pods = 0;
  #first = true;

  constructor(cloud: DemoCloud, count: number) {
    [this.#cloud, this.#count] = [cloud, count];
  }

  came({ name, node }: DemoPod): void {
    this.#pods++;
    if (this.#pods === 1) this.#say(`${name} on ${node.name} is the first pod with its address`);
    this.#say(this.#pods === this.#count ? `${name} on ${node.name} is the last of ${this.#count}` : undefined);
  }

  /** Tells of NICs that are new, or are otherwise than they were. */
  async look(): Promise<void> {
    const { instances } = await this.#cloud.summary();
    for (const { name, nics } of instances)
      for (const nic of nics) {
        const now = `${nic.state}, ${holds(nic)}`;
        if (this.#known.get(nic.id) === now) continue;
        this.#known.set(nic.id, now);
        if (!this.#first) this.#say(`${name} device ${nic.device} ${nic.id}: ${now}`);
      }
    this.#first = false;
  }

  close(): void {
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  }

  #say(what: string | undefined): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    const live = process.stdout.isTTY;
    if (live) process.stdout.write('\r\x1b[K');
    if (what !== undefined) process.stdout.write(`${seconds.padStart(7)} s  ${what}\n`);
    if (live) process.stdout.write(`${seconds.padStart(7)} s  ${this.#pods} of ${this.#count} pods`);
  }
}

function holds({ addresses }: Summary['loose'][number]): string {
  const [own, ...others] = addresses;
  return `${own} and ${others.length} more`;
}
