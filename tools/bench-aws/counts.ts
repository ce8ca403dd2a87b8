import type { SeenCall } from './region.ts';

/** How many calls of each action. */
export type CallCounts = Readonly<Record<string, number>>;

/** Whether EC2 counts it as a change: all but Describe. */
export function isMutating({ action }: SeenCall): boolean {
  return !action.startsWith('Describe');
}

/** By action, by its name. */
export function byAction(calls: readonly SeenCall[]): CallCounts {
  const counts: Record<string, number> = {};
  for (const { action } of calls.toSorted((a, b) => (a.action < b.action ? -1 : 1)))
    counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** How many ended with this code. */
export function countCalls(calls: readonly SeenCall[], code: string): number {
  return calls.filter((it) => it.code === code).length;
}
