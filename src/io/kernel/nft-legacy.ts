import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Prefix } from '../../base/ip.ts';
import { KernelError } from './kernel.ts';
import { Netns } from './netns.ts';
import { forwardComment, type ForwardItem } from './nft-forward.ts';

/** What became of the legacy FORWARD chain. `unclear`: it is in use, but its program does not say whether it drops. */
export type LegacyOutcome = 'not in use' | 'accepts' | { readonly unclear: string };

interface Ran {
  readonly done: boolean;
  readonly said: string;
}

const PATIENCE_MS = 10_000;

/**
 * iptables-legacy keeps its FORWARD chain outside of nftables. Where its tables are in use, and only there, the
 * program of that name is asked, and told to let a range through: at node start and in repair, never for a pod.
 */
export class LegacyForward {
  readonly #netns: Netns | undefined;
  readonly #closed = new Set<Prefix>();

  constructor(netns?: Netns) {
    this.#netns = netns;
  }

  /** Lets a range through where the chain drops. Throws KernelError when it drops and cannot be told. */
  accept(item: ForwardItem): LegacyOutcome {
    this.#closed.delete(item.range);
    const listed = this.#listed(item);
    if (listed === undefined) return 'not in use';
    if (!listed.done) return { unclear: listed.said };
    if (!drops(listed)) return 'accepts';
    for (const rule of rulesOf(item)) {
      if (this.#run(item, ['-C', 'FORWARD', ...rule]).done) continue;
      const made = this.#run(item, ['-I', 'FORWARD', ...rule]);
      if (!made.done)
        throw new KernelError('unknown', `cannot accept ${item.range} in the legacy FORWARD chain: ${made.said}`);
    }
    return 'accepts';
  }

  /** Why nobody can say whether the chain drops; undefined: one can, or it is not in use. */
  unclear(item: ForwardItem): string | undefined {
    const listed = this.#listed(item);
    return listed === undefined || listed.done ? undefined : listed.said;
  }

  /** Takes the rules out again, wherever they are. */
  remove(item: ForwardItem): void {
    this.#closed.delete(item.range);
    if (!inUse(item, this.#netns)) return;
    for (const rule of rulesOf(item))
      if (this.#run(item, ['-C', 'FORWARD', ...rule]).done) this.#run(item, ['-D', 'FORWARD', ...rule]);
  }

  /** Looks whether the chain drops these ranges. Holds nobody up meanwhile. */
  async look(items: readonly ForwardItem[]): Promise<void> {
    for (const item of items) {
      if (inUse(item, this.#netns) && (await this.#isShut(item))) this.#closed.add(item.range);
      else this.#closed.delete(item.range);
    }
  }

  /** Whether the last look found that the chain drops this range. */
  drops({ range }: ForwardItem): boolean {
    return this.#closed.has(range);
  }

  async #isShut(item: ForwardItem): Promise<boolean> {
    if (!drops(await this.#runBeside(item, LIST))) return false; // what is unclear is as it was
    for (const rule of rulesOf(item)) if (!(await this.#runBeside(item, ['-C', 'FORWARD', ...rule])).done) return true;
    return false;
  }

  /** What the program says of the chain; undefined: it is not in use. */
  #listed(item: ForwardItem): Ran | undefined {
    return inUse(item, this.#netns) ? this.#run(item, LIST) : undefined;
  }

  #run(item: ForwardItem, args: readonly string[]): Ran {
    const [program = '', ...rest] = this.#command(item, args);
    const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: 'utf8', timeout: PATIENCE_MS });
    if (error !== undefined) return { done: false, said: error.message };
    return status === 0 ? { done: true, said: stdout } : { done: false, said: stderr.trim() };
  }

  #runBeside(item: ForwardItem, args: readonly string[]): Promise<Ran> {
    const [program = '', ...rest] = this.#command(item, args);
    return new Promise((resolve) => {
      execFile(program, rest, { timeout: PATIENCE_MS }, (error, said) => resolve({ done: error === null, said }));
    });
  }

  /** No process may be started inside of `within`; nsenter is asked only where it must be, for an image may lack it. */
  #command({ family }: ForwardItem, args: readonly string[]): readonly string[] {
    const program = family === 'v4' ? 'iptables-legacy' : 'ip6tables-legacy';
    const netns = this.#netns;
    const enter = netns === undefined || isOwn(netns) ? [] : ['nsenter', `--net=/proc/${process.pid}/fd/${netns.fd}`];
    return [...enter, program, '-w', '5', ...args];
  }
}

const LIST = ['-S', 'FORWARD'] as const;

function drops({ done, said }: Ran): boolean {
  return done && said.startsWith('-P FORWARD DROP');
}

function rulesOf({ range }: ForwardItem): readonly (readonly string[])[] {
  return (['from', 'to'] as const).map((side) => {
    const comment = ['-m', 'comment', '--comment', forwardComment(side, range)];
    return [side === 'from' ? '-s' : '-d', range, ...comment, '-j', 'ACCEPT'];
  });
}

/**
 * The kernel lists the legacy tables in use in the reader's namespace, and has no such file when it has no such
 * tables.
 */
function inUse({ family }: ForwardItem, netns: Netns | undefined): boolean {
  const path = `/proc/thread-self/net/${family === 'v4' ? 'ip' : 'ip6'}_tables_names`;
  const read = () => readFileSync(path, 'utf8');
  try {
    return (netns === undefined ? read() : netns.within(read)).split('\n').includes('filter');
  } catch {
    return false;
  }
}

/** Whether it is the namespace that children of this process are born in. */
function isOwn(netns: Netns): boolean {
  const own = Netns.open();
  try {
    return own.identity() === netns.identity();
  } finally {
    own.close();
  }
}
