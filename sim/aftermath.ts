import type { Millis } from '../src/base/clock.ts';
import type { Random } from '../src/base/random.ts';
import { atRest, leftOf, nameOf, standing } from './checkers.ts';
import { askDelete, move, newPod } from './moves.ts';
import type { Run } from './run.ts';
import { idOf, type Leaving } from './runtime.ts';

/** By then at the latest the agent has synced what it wrote, if nothing failed. */
const SYNCED_MS = 200;

/**
 * What becomes of those who were asking when the agent's process ended: they ask again, or give up, or were ended
 * themselves.
 */
export function bereave(run: Run): void {
  const { runtime, random } = run.parts;
  runtime.calmSince = undefined;
  for (const call of Array.from(runtime.calls.values())) {
    const sandbox = runtime.sandboxes.get(call.sandbox);
    const lot = random.fraction();
    if (!call.orphaned && call.kind !== 'gc' && lot < 0.6) continue; // asks again
    run.tell(() => `call   ${call.kind} of ${nameOf(sandbox)} is given up`);
    runtime.calls.delete(call.n);
    if (call.kind === 'late' && lot < 0.8) run.spoolLate(sandbox, call.frame);
    if (call.orphaned || sandbox === undefined) continue;
    if (call.kind === 'del' && lot < 0.8) run.spool(sandbox, call.frame);
    if (call.kind === 'add') runtime.dismiss(sandbox, run.now); // its failure is answered by a DEL
  }
}

/** The machine is gone and came back: all sandboxes died with it, and so did their claims. */
export function powerCut(run: Run): void {
  const { runtime, machine, random } = run.parts;
  run.tell(() => 'POWER  cut');
  const { calmSince } = runtime;
  const durable = machine.disk.allDurable;
  const synced = (done: Millis) => calmSince !== undefined && run.now - Math.max(done, calmSince) >= SYNCED_MS;
  // of one whose DEL was not answered the address died with the machine
  const promised = ({ done }: Leaving) => done !== undefined && (durable || synced(done));
  runtime.calls.clear();
  machine.powerCut(random);
  for (const [address, leaving] of runtime.left) if (!promised(leaving)) runtime.left.delete(address);
  for (const sandbox of runtime.sandboxes.values())
    runtime.change(sandbox, { delAskedAt: sandbox.delAskedAt ?? run.now, told: undefined, cut: true });
}

/** Starts the agent, again and again if need be: unless it is enough. */
export async function startSomehow(run: Run, enough = () => false): Promise<void> {
  for (let tries = 0; !run.up && run.blames.length === 0 && !enough(); tries++) {
    if (tries === 6) run.faults.calm();
    if (tries > 12) return run.blame('starts', 'not after a dozen tries');
    if (run.life?.ended === true) bereave(run);
    await run.pass(1_000);
    await run.start();
  }
}

/** Everything that still is to be done is done, without any more faults; then all laws are compared with what is. */
export async function comeToRest(run: Run): Promise<void> {
  const { runtime, setting, machine } = run.parts;
  await run.settle(); // what has failed by now has failed rightly
  run.faults.calm();
  for (let tries = 0; tries < 4; tries++) {
    await run.settle();
    await run.pass(6_000); // a spooled DEL, or a journal in trouble, is tried again
    await run.until(() => runtime.calls.size === 0, run.now + setting.config.pool.patienceMs);
    const owed = [...runtime.sandboxes.values()].filter(
      ({ told, delAskedAt, gone }) => !gone && (told === undefined || delAskedAt !== undefined),
    );
    if (owed.length === 0) break;
    for (const sandbox of owed) askDelete(run, sandbox);
  }
  if (setting.foreign) await healed(run);
  const belief = run.life?.belief();
  if (belief === undefined || !run.up) return run.blame('starts', 'it does not serve at rest');
  if (belief.broken !== undefined) run.blame('defect', belief.broken);
  if (machine.spool.size > 0) run.blame('left', `${machine.spool.size} DELs are still spooled`);
  run.blameAll(atRest(run.scene(), belief.attachments, belief.nodePlan));
  const gone = [...runtime.sandboxes.values()].filter((it) => it.gone);
  run.blameAll(leftOf(run.scene(), gone));
  run.tell(() => 'RESTS  pool, kernel and records were compared');
}

/**
 * After two intervals nothing that hands took away is missing. Of an attachment that was read off the kernel nobody
 * knows what was in its sandbox.
 */
async function healed(run: Run): Promise<void> {
  const { runtime, setting } = run.parts;
  await run.pass(2 * setting.config.repair.intervalMs + 2_000);
  const rescued = new Set(run.life?.belief().attachments.flatMap(({ id, netns }) => (netns === '' ? [id] : [])));
  for (const sandbox of runtime.sandboxes.values())
    if (sandbox.meddled && !rescued.has(idOf(sandbox))) runtime.change(sandbox, { meddled: false });
}

/** All pods go; when their addresses have cooled, as many new ones come as there are addresses: each gets one. */
export async function startAnew(run: Run): Promise<void> {
  const { runtime, setting } = run.parts;
  for (const sandbox of runtime.sandboxes.values()) if (!sandbox.gone) askDelete(run, sandbox);
  await run.settle();
  for (const sandbox of runtime.sandboxes.values()) {
    if (!sandbox.gone) run.blame('unfailing', `the DEL of ${nameOf(sandbox)} did not succeed`);
    runtime.sandboxes.delete(sandbox.n);
  }
  const belief = run.life?.belief();
  for (const { id } of belief?.attachments ?? []) run.blame('delDone', `${id} is still on record`);
  await run.pass(setting.config.pool.cooldownMs);
  for (let i = 0; i < setting.pods; i++) newPod(run, {});
  await run.settle();
  const told = runtime.live().length;
  if (told < setting.pods) run.blame('lost', `${setting.pods} new pods, and only ${told} of them got an address`);
}

/**
 * What goes on after a crash: a little life (in which it may end once more, while `mortal` says so), rest, and a new
 * beginning.
 */
export async function aftermath(run: Run, random: Random, mortal: { ends: boolean }): Promise<void> {
  await startSomehow(run);
  run.blameAll(standing(run.scene()));
  const moves = Math.floor(random.fraction() * 4);
  for (let i = 0; i < moves && run.up; i++) {
    move(run);
    if (random.fraction() < 0.7) await run.settle();
  }
  await run.settle();
  mortal.ends = false;
  await startSomehow(run);
  await comeToRest(run);
  if (run.blames.length === 0) await startAnew(run);
}
