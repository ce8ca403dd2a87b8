import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Where the agent stands among what else wants a processor, as nice(2) counts: -20 is first, 19 last. */
export const AGENT_NICE = -10;
const USUAL_NICE = 0;

/** The kernel's answers to who may not. */
const REFUSED = ['EACCES', 'EPERM'];

/**
 * Gives all threads of this process that priority, unless somebody started it with another than the usual one.
 * setpriority(2) knows threads, not processes; those begun later have their maker's. False: it may not be raised here,
 * for want of CAP_SYS_NICE.
 */
export function takePriority(nice: number): boolean {
  if (getPriority() !== USUAL_NICE) return true;
  const errors = readdirSync('/proc/self/task').map((thread) => errorOf(() => setPriority(Number(thread), nice)));
  return !errors.some((it) => it !== undefined && REFUSED.includes(it));
}

/** What the kernel said no with, by name. A thread may have ended meanwhile. */
function errorOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (cause) {
    const said = (cause as { readonly info?: { readonly code?: string } }).info?.code;
    if (said === undefined) throw cause;
    return said;
  }
}
