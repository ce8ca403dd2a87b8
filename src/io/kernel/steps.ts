import { type Fault, type Request, sendBatch } from './batch.ts';
import { kernelError } from './kernel-error.ts';
import { type Ensured, KernelError } from './kernel.ts';
import { show, type Item } from '../../core/datapath/plan.ts';
import type { Place } from './place.ts';

/** Requests sent as one datagram at most: each refused one costs room in the socket for its answer. */
const BATCH_REQUESTS = 128;

/**
 * What is to be done for items: requests, or something that is no netlink. The items are all made when it is done and
 * `makes` says so, and the first is to blame when it fails. Absent `makes`: they existed, and are only brought in
 * line.
 */
export interface Step {
  readonly items: readonly Item[];
  readonly requests?: readonly Request[];
  readonly write?: () => void; // throws KernelError
  readonly makes?: () => boolean;
}

export const makes = () => true;

/** What became of steps. `fault` is the failed request's, when it was one. */
export interface Performed extends Ensured {
  readonly fault?: Fault;
}

/**
 * Performs steps in order, requests of neighbouring steps in one batch. Stops after the batch in which something
 * failed; the kernel went on within it, and all that it made is told. An item of which a part was made counts as made:
 * it is there to be taken back.
 */
export function perform(place: Place, steps: readonly Step[]): Performed {
  const made = new Set<Item>();
  for (const group of groups(steps)) {
    const failed = performGroup(place, group, made);
    if (failed !== undefined) return { made: [...made], ...failed };
  }
  return { made: [...made] };
}

type Failed = Pick<Performed, 'failure' | 'fault'>;

/** Runs of steps with requests, as long as a batch may be; others alone. */
function groups(steps: readonly Step[]): readonly (readonly Step[])[] {
  const all: Step[][] = [];
  let room = 0;
  for (const step of steps) {
    const size = step.requests?.length ?? BATCH_REQUESTS;
    const last = all.at(-1);
    if (last !== undefined && size <= room) last.push(step);
    else all.push([step]);
    room = last !== undefined && size <= room ? room - size : BATCH_REQUESTS - size;
  }
  return all;
}

/**
 * A socket that fails is a failure of the group's first item; what of the group was done nobody knows, and is not
 * told as made.
 */
function performGroup(place: Place, group: readonly Step[], made: Set<Item>): Failed | undefined {
  const [first] = group;
  try {
    return first?.write === undefined ? performRequests(place, group, made) : performWrite(first, made);
  } catch (error) {
    const item = first?.items[0];
    if (!(error instanceof KernelError) || item === undefined) throw error;
    return { failure: { item, error } };
  }
}

function performRequests(place: Place, steps: readonly Step[], made: Set<Item>): Failed | undefined {
  const requests: Request[] = [];
  for (const step of steps) requests.push(...(step.requests ?? NONE));
  const { faults } = sendBatch(place, requests);
  let at = 0;
  let failed: Failed | undefined;
  for (const step of steps) {
    const end = at + (step.requests ?? NONE).length;
    let [done, fault]: [number, Fault | undefined] = [0, undefined];
    for (; at < end; at++) {
      const refused = faults.get(at);
      if (refused === undefined) done++;
      else fault ??= refused;
    }
    if (done > 0 && step.makes?.() === true) for (const item of step.items) made.add(item);
    const [item] = step.items;
    if (fault !== undefined && item !== undefined && failed === undefined)
      failed = { failure: { item, error: kernelError(fault.errno, `make ${show(item)}`, fault.said) }, fault };
  }
  return failed;
}

const NONE: readonly Request[] = [];

function performWrite({ write, items, makes }: Step, made: Set<Item>): undefined {
  write?.();
  if (makes?.() === true) for (const item of items) made.add(item);
}
