import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { KernelError } from './kernel.ts';
import { Netns } from './netns.ts';
import { forwardComment, type ForwardItem } from './nft-forward.ts';

/** What became of the legacy FORWARD chain. `unclear`: it is in use, but its program does not say whether it drops. */
export type LegacyOutcome = 'not in use' | 'accepts' | { readonly unclear: string };

/**
 * iptables-legacy keeps its FORWARD chain outside of nftables. Where its tables are in use, and only there, the
 * program of that name is asked, and told to let a range through: at node start, never for a pod. Throws KernelError
 * when the chain drops and cannot be told.
 */
export function acceptInLegacy(item: ForwardItem, netns?: Netns): LegacyOutcome {
  if (!inUse(item, netns)) return 'not in use';
  const listed = run(item, ['-S', 'FORWARD'], netns);
  if (!listed.done) return { unclear: listed.said };
  if (!listed.said.startsWith('-P FORWARD DROP')) return 'accepts';
  for (const rule of rulesOf(item)) {
    if (run(item, ['-C', 'FORWARD', ...rule], netns).done) continue;
    const made = run(item, ['-I', 'FORWARD', ...rule], netns);
    if (!made.done)
      throw new KernelError('unknown', `cannot accept ${item.range} in the legacy FORWARD chain: ${made.said}`);
  }
  return 'accepts';
}

/** Takes the rules out again, wherever they are. */
export function removeFromLegacy(item: ForwardItem, netns?: Netns): void {
  if (!inUse(item, netns)) return;
  for (const rule of rulesOf(item))
    if (run(item, ['-C', 'FORWARD', ...rule], netns).done) run(item, ['-D', 'FORWARD', ...rule], netns);
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

function run(
  { family }: ForwardItem,
  args: readonly string[],
  netns: Netns | undefined,
): { done: boolean; said: string } {
  const program = family === 'v4' ? 'iptables-legacy' : 'ip6tables-legacy';
  // no process may be started inside of `within`; nsenter is asked only where it must be, for a small image may lack it
  const enter = netns === undefined || isOwn(netns) ? [] : ['nsenter', `--net=/proc/${process.pid}/fd/${netns.fd}`];
  const [command = program, ...rest] = [...enter, program, '-w', '5', ...args];
  const { status, stdout, stderr, error } = spawnSync(command, rest, { encoding: 'utf8', timeout: 10_000 });
  if (error !== undefined) return { done: false, said: error.message };
  return status === 0 ? { done: true, said: stdout } : { done: false, said: stderr.trim() };
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
