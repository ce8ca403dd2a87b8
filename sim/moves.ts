import type { Random } from '../src/base/random.ts';
import { inPod, isSetting } from '../src/core/datapath/identity.ts';
import { show } from '../src/core/datapath/plan.ts';
import { nameOf } from './checkers.ts';
import { reconfigure } from './reconfigure.ts';
import type { Run } from './run.ts';
import {
  addFrame,
  checkFrame,
  delFrame,
  gcFrame,
  isLive,
  type Sandbox,
  statusFrame,
  UNASKED,
  type Wants,
} from './runtime.ts';
import { addressOf } from './setting.ts';

// What a container runtime and its neighbours do, one thing at a time.

type Move = (run: Run) => boolean; // false: there is nothing to do it with

const MOVES: readonly (readonly [weight: number, move: Move])[] = [
  [10, (run) => newPod(run)],
  [6, deletePod],
  [2, deleteAgain],
  [3, addAgain],
  [1, addElsewhere],
  [2, comeBack],
  [2, deleteFormer],
  [1, checkPod],
  [1, collectGarbage],
  [1, askStatus],
  [2, spoolDelete],
  [2, dropSandbox],
  [3, meddle],
  [1, reconfigure],
];

/** One move, by lot. */
export function move(run: Run): void {
  const { random } = run.parts;
  for (let tries = 0; tries < 8; tries++) if (pick(random)(run)) return;
}

function pick(random: Random): Move {
  let lot = random.fraction() * MOVES.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, move] of MOVES) if ((lot -= weight) < 0) return move;
  return (run) => newPod(run);
}

/** A new sandbox and its ADD. More may come than there are addresses; those of a cluster's pods are counted there. */
export function newPod(run: Run, wants?: Wants): boolean {
  const { runtime, machine, setting, random } = run.parts;
  const here = [...runtime.sandboxes.values()].filter(({ gone }) => !gone).length;
  if (here > setting.pods + 1 && wants?.pod === undefined) return false;
  const sandbox = runtime.newSandbox(wants ?? wantsOf(run, random));
  machine.world.addSandbox(sandbox.netns);
  run.ask('add', sandbox, addFrame(sandbox));
  return true;
}

function wantsOf({ parts }: Run, random: Random): Wants {
  const [range] = parts.setting.config.network.ranges;
  const port = random.fraction() < 0.2 ? { hostPort: 8_000 + Math.floor(random.fraction() * 2) } : {};
  const ip =
    range !== undefined && random.fraction() < 0.1 ? { ip: addressOf(range, Math.floor(random.fraction() * 8)) } : {};
  return { ...port, ...ip };
}

/** Its DEL: after the ADD, or while it still runs, with its namespace or without. */
function deletePod(run: Run): boolean {
  const sandbox = one(run, ({ delAskedAt, gone }) => delAskedAt === undefined && !gone);
  if (sandbox === undefined) return false;
  askDelete(run, sandbox);
  return true;
}

/** Asks for what shall be gone, until it is. */
export function askDelete(run: Run, sandbox: Sandbox): void {
  const { runtime, machine, random } = run.parts;
  runtime.dismiss(sandbox, run.now);
  const lot = random.fraction();
  if (lot < 0.3) {
    run.tell(() => `pod    ${sandbox.n} is gone before its DEL`);
    machine.world.removeSandbox(sandbox.netns); // the runtime was faster
  }
  run.ask('del', sandbox, delFrame(sandbox, lot < 0.15 ? '' : sandbox.netns));
}

/** The same DEL once more, while the first runs or long after it. */
function deleteAgain(run: Run): boolean {
  const sandbox = one(run, ({ delAskedAt }) => delAskedAt !== undefined);
  if (sandbox === undefined) return false;
  run.ask('del', sandbox, delFrame(sandbox, sandbox.netns));
  return true;
}

/** The same ADD once more: its first answer was lost. */
function addAgain(run: Run): boolean {
  const { runtime } = run.parts;
  const sandbox = one(run, (it) => isLive(it) && runtime.callsOf(it).length === 0 && hasNamespace(run, it));
  if (sandbox === undefined) return false;
  run.ask('again', sandbox, addFrame(sandbox));
  return true;
}

/** The same container in another namespace. */
function addElsewhere(run: Run): boolean {
  const { machine, runtime } = run.parts;
  const sandbox = one(run, (it) => isLive(it) && runtime.callsOf(it).length === 0);
  if (sandbox === undefined) return false;
  const netns = `${sandbox.netns}-other`;
  machine.world.addSandbox(netns);
  run.ask('elsewhere', sandbox, addFrame(sandbox, netns));
  return true;
}

/** A container that was taken off the network is put on it again, in the same namespace or in another. */
function comeBack(run: Run): boolean {
  const { runtime, machine, random, setting } = run.parts;
  const sandbox = one(run, (it) => it.gone && it.wants.pod === undefined && runtime.callsOf(it).length === 0);
  if (sandbox === undefined) return false;
  // of an attachment that was read off the kernel nobody knows where it lives
  const moves = !setting.rot && random.fraction() < 0.6;
  const moved = moves ? { netns: `${sandbox.netns}-new`, former: sandbox.netns } : {};
  const back = runtime.change(sandbox, { ...UNASKED, ...moved });
  machine.world.addSandbox(back.netns);
  run.ask('add', back, addFrame(back));
  return true;
}

/** A DEL of the namespace in which the container was before comes late: it concerns nobody any more. */
function deleteFormer(run: Run): boolean {
  const { machine, random } = run.parts;
  const sandbox = one(run, (it) => isLive(it) && it.former !== undefined && !machine.world.hasSandbox(it.former));
  if (sandbox?.former === undefined) return false;
  const frame = delFrame(sandbox, sandbox.former);
  if (random.fraction() < 0.3) run.spoolLate(sandbox, frame);
  else run.ask('late', sandbox, frame);
  return true;
}

function checkPod(run: Run): boolean {
  const { runtime } = run.parts;
  const sandbox = one(run, (it) => isLive(it) && runtime.callsOf(it).length === 0 && hasNamespace(run, it));
  if (sandbox === undefined) return false;
  run.ask('check', sandbox, checkFrame(sandbox));
  return true;
}

/** The runtime lists whom it knows; of one it has lost the trace. */
function collectGarbage(run: Run): boolean {
  const { runtime } = run.parts;
  const lost = one(run, (it) => isLive(it) && runtime.callsOf(it).length === 0);
  if (lost !== undefined) runtime.dismiss(lost, run.now);
  run.ask('gc', undefined, gcFrame(runtime.live()));
  return true;
}

function askStatus(run: Run): boolean {
  run.ask('status', undefined, statusFrame());
  return true;
}

/** A DEL that the agent did not answer in time. */
function spoolDelete(run: Run): boolean {
  const sandbox = one(run, ({ gone, told }) => !gone && told !== undefined);
  if (sandbox === undefined) return false;
  run.spool(sandbox, delFrame(sandbox, sandbox.netns));
  return true;
}

/** A sandbox dies by itself. */
function dropSandbox(run: Run): boolean {
  const { runtime, machine } = run.parts;
  const sandbox = one(run, (it) => isLive(it) && runtime.callsOf(it).length === 0);
  if (sandbox === undefined) return false;
  run.tell(() => `pod    ${sandbox.n} dies by itself`);
  runtime.dismiss(sandbox, run.now);
  if (run.up) run.life?.kernel.dropSandbox(sandbox.netns);
  else machine.world.removeSandbox(sandbox.netns);
  return true;
}

/** Somebody takes away a part of a pod's network. */
function meddle(run: Run): boolean {
  const { setting, machine, runtime, random } = run.parts;
  const sandbox = one(run, (it) => isLive(it) && hasNamespace(run, it));
  if (!setting.foreign || sandbox === undefined || !run.up) return false;
  const link = run.linkOf(sandbox);
  const things = machine.world.things().filter(({ item, sandbox: home }) => {
    if (isSetting(item)) return false;
    return inPod(item) ? home === sandbox.netns : JSON.stringify(item).includes(link);
  });
  const thing = things[Math.floor(random.fraction() * things.length)];
  if (thing === undefined) return false;
  run.tell(() => `hands  take ${show(thing.item)} of ${nameOf(sandbox)}`);
  runtime.change(sandbox, { meddled: true });
  run.life?.kernel.deleteFromOutside(thing.item, thing.sandbox);
  return true;
}

function hasNamespace({ parts }: Run, { netns }: Sandbox): boolean {
  return parts.machine.world.hasSandbox(netns);
}

/** One of the sandboxes that are so, by lot. */
function one({ parts }: Run, isSo: (sandbox: Sandbox) => boolean): Sandbox | undefined {
  const found = [...parts.runtime.sandboxes.values()].filter(isSo);
  return found[Math.floor(parts.random.fraction() * found.length)];
}
