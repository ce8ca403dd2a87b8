import { familyName } from '../../base/words.ts';
import type { Family } from '../../base/ip.ts';
import { censusOf } from '../../core/ipam/pool.ts';
import { refusalNow } from '../../core/ipam/probe.ts';
import { advice, sentence } from '../../core/refusal-words.ts';
import { CniError } from '../../wire/cni/error.ts';
import type { Attachments } from './attachments.ts';
import type { AgentDoors } from './doors.ts';
import type { NodeRunner } from './node-runner.ts';
import type { PoolRunner } from './pool-runner.ts';
import type { Repairer } from './repair.ts';

/** What STATUS looks at: all of it in memory. */
export interface ReadinessDoors extends Pick<AgentDoors, 'journal' | 'clock'> {
  readonly attachments: Attachments;
  readonly pool: PoolRunner;
  readonly node: NodeRunner;
  readonly repairer: Repairer;
}

/** Why an ADD would fail now, worst first; empty when it would succeed. Asks neither disk nor cloud nor kernel. */
export function obstacles(doors: ReadinessDoors): readonly CniError[] {
  return [...brokenParts(doors), ...missingAddresses(doors)];
}

/**
 * Why the agent is of no use to its node; empty when it does its work. A node whose addresses its pods have all taken
 * is as it should be, though no pod more fits: nobody must mend it, take it for dead, or hold an upgrade back for it.
 */
export function ailments(doors: ReadinessDoors): readonly CniError[] {
  const full = doors.attachments.count > 0;
  return [...brokenParts(doors), ...(full ? [] : missingAddresses(doors))];
}

/** What is wrong with the node itself, worst first. */
export function brokenParts(doors: ReadinessDoors): readonly CniError[] {
  const found: CniError[] = [];
  // what one pod lacks hinders no other: whoever may change the network of a pod must not take the node away with it
  const missing = doors.repairer.missing('shared');
  if (missing.length > 0)
    found.push(
      new CniError('limitedConnectivity', `${missing.length} parts of what all pods share are missing`, {
        details: `the first: ${missing[0]}. Somebody removed them; they are being put back`,
      }),
    );
  if (!doors.node.standing)
    found.push(
      new CniError('notAvailable', 'the node network is not set up yet', {
        details: doors.node.trouble ?? 'the agent is starting',
      }),
    );
  const failing = doors.journal.failing();
  if (failing !== undefined)
    found.push(
      new CniError('notAvailable', 'no claim can be made durable', {
        details: `${failing}; free space on the disk of the state directory`,
      }),
    );
  return found;
}

/** Why no address would be given. */
export function missingAddresses(doors: ReadinessDoors): readonly CniError[] {
  if (doors.pool.pool.cloud !== undefined) return refusedByCloud(doors);
  return doors.node.families.filter((family) => isExhausted(doors, family)).map(exhausted);
}

/** With a cloud the pool itself is asked: more may be on its way. The reason is what an ADD would be told. */
function refusedByCloud({ pool, node, clock }: ReadinessDoors): readonly CniError[] {
  const { families, patienceMs } = node;
  const refusal = refusalNow(pool.pool, { families, patienceMs }, clock.now());
  return refusal === undefined ? [] : [new CniError('notAvailable', sentence(refusal), { details: advice(refusal) })];
}

/** Whether an ADD would neither get an address nor could wait for one that cools. */
function isExhausted({ pool, clock }: ReadinessDoors, family: Family): boolean {
  const { free, cooling, promised } = censusOf(pool.pool, family, clock.now());
  return free === 0n && cooling === promised;
}

/** STATUS: succeeds when an ADD now would. Throws CniError 50 or 51. */
export function readiness(doors: ReadinessDoors): void {
  const [worst] = obstacles(doors);
  if (worst !== undefined) throw worst;
}

function exhausted(family: Family): CniError {
  const name = familyName(family);
  return new CniError('notAvailable', `no ${name} address is free on this node`, {
    details: 'berth status shows who holds them; delete pods, or add a range to network.ranges',
  });
}
