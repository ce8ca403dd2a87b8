import assert from 'node:assert/strict';
import { CHECK, describe, difference, REPAIR } from '../../core/datapath/difference.ts';
import { isSetting, keyOf } from '../../core/datapath/identity.ts';
import { type Plan, show } from '../../core/datapath/plan.ts';
import { apply } from './execute.ts';
import type { Kernel, KernelChange } from './kernel.ts';

/** A fresh machine to play a case on. */
export interface KernelStage {
  readonly kernel: Kernel;
  /** Another process on the same machine: `kernel` hears of what it does. */
  readonly outside: Kernel;
  /** Makes a sandbox and gives its path. */
  readonly sandbox: () => Promise<string>;
  readonly dropSandbox: (path: string) => Promise<void>;
}

/** One promise of the door. Throws AssertionError when it is not kept. */
export interface KernelCase {
  readonly name: string;
  readonly run: (stage: KernelStage) => Promise<void>;
}

const PATIENCE_MS = 3_000; // a namespace dies when the kernel finds the time

/** Makes node and pod, and looks at both. */
export async function standsAsPlanned(
  kernel: Kernel,
  sandbox: KernelStage['sandbox'],
  node: Plan,
  pod: Plan,
): Promise<void> {
  const path = await sandbox();
  await apply(kernel, node);
  await apply(kernel, pod, path);
  await sameAs(kernel, node);
  await sameAs(kernel, pod, path);
}

/** The kernel shows a plan, for repair and for CHECK. */
export async function sameAs(kernel: Kernel, plan: Plan, sandbox?: string): Promise<void> {
  const observed = await kernel.observe(plan, sandbox);
  for (const tolerance of [REPAIR, CHECK()]) assert.deepEqual(describe(difference(plan, observed, tolerance)), []);
}

/** The kernel shows nothing of a plan, but for settings. */
export async function nothingOf(kernel: Kernel, plan: Plan, sandbox: string): Promise<void> {
  assert.deepEqual(planned(await kernel.observe(plan, sandbox), plan).map(show), []);
}

/** Of what was observed that which the plan wants, without settings. */
export function planned(observed: Plan, plan: Plan): Plan {
  const keys = new Set(plan.map(keyOf));
  return observed.filter((item) => keys.has(keyOf(item)) && !isSetting(item));
}

/** A change made by `doing` is told. */
export async function told(
  kernel: Kernel,
  doing: () => Promise<unknown>,
  what: (change: KernelChange) => boolean,
): Promise<void> {
  const heard: KernelChange[] = [];
  const unwatch = kernel.watch((change) => heard.push(change));
  await doing();
  await eventually(
    async () => heard.some(what),
    () => JSON.stringify(heard),
  );
  unwatch();
}

/** Something becomes true while we wait. */
export async function eventually(check: () => Promise<boolean>, otherwise = () => ''): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await check()); ) {
    assert.ok(Date.now() < end, `it did not happen within ${PATIENCE_MS} ms ${otherwise()}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
