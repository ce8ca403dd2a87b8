import { difference, REPAIR, type Difference } from '../../core/datapath/difference.ts';
import { show, type Item, type Plan } from '../../core/datapath/plan.ts';
import { mend } from '../../core/datapath/transition.ts';
import type { Kernel, KernelError, Remaining } from './kernel.ts';

/** A plan that could not be made. What the call had made is gone again, but for `left`. */
export class PlanError extends Error {
  readonly item: Item; //  that could not be made
  readonly error: KernelError;
  readonly left: readonly Remaining[]; // made by this call and not removed again: for the log and the next sweep
  constructor(item: Item, error: KernelError, left: readonly Remaining[]) {
    super(`cannot make ${show(item)}`, { cause: error });
    this.name = 'PlanError';
    this.item = item;
    this.error = error;
    this.left = left;
  }
}

/**
 * Makes all of a plan or nothing: on failure takes back, in reverse, exactly what this call made. What was there
 * before stays, so that a second call for the same plan makes nothing and harms nothing. Returns what it made. Throws
 * PlanError.
 */
export async function apply(kernel: Kernel, plan: Plan, sandbox?: string): Promise<Plan> {
  const { made, failure } = await kernel.ensure(plan, sandbox);
  if (failure === undefined) return made;
  throw new PlanError(failure.item, failure.error, await retract(kernel, made, sandbox));
}

/**
 * Takes all of a plan away, in reverse, and goes on after a failure. Returns what is left; nothing left of nothing is
 * success.
 */
export async function retract(kernel: Kernel, plan: Plan, sandbox?: string): Promise<readonly Remaining[]> {
  return kernel.remove(plan.toReversed(), sandbox);
}

/**
 * Makes what can be made of a plan: passes over what cannot, and takes nothing back. Returns what could not be made,
 * and why.
 */
export async function converge(kernel: Kernel, plan: Plan, sandbox?: string): Promise<readonly Remaining[]> {
  const failures: Remaining[] = [];
  let rest = plan;
  while (rest.length > 0) {
    const { failure } = await kernel.ensure(rest, sandbox);
    if (failure === undefined) break;
    failures.push(failure);
    const at = rest.indexOf(failure.item);
    if (at < 0) throw new Error(`execute: ${show(failure.item)} failed, and was not asked for`);
    rest = rest.slice(at + 1);
  }
  return failures;
}

/** What one repair found, and what it could not put right. */
export interface Repair {
  readonly found: Difference;
  readonly failures: readonly Remaining[];
}

/**
 * Compares a plan with the kernel and puts back what is missing or otherwise than planned, as far as it is ours
 * (`REPAIR`).
 */
export async function repair(kernel: Kernel, plan: Plan, sandbox?: string): Promise<Repair> {
  const found = difference(plan, await kernel.observe(plan, sandbox), REPAIR);
  const { remove, ensure } = mend(plan, found);
  const left = remove.length === 0 ? [] : await retract(kernel, remove, sandbox);
  return { found, failures: [...left, ...(await converge(kernel, ensure, sandbox))] };
}
