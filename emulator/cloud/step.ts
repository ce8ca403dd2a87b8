import { advance, unique, withPast } from './advance.ts';
import type { Answer } from './answer.ts';
import { withdrawn } from './bucket.ts';
import { type Done, isFault } from './change.ts';
import type { Cloud, Env, Touch } from './cloud.ts';
import type { Delivery, Fault } from './fault.ts';
import { perform } from './perform.ts';
import type { Call } from './request.ts';
import { shortage } from './shortage.ts';
import { struck } from './strike.ts';
import type { Mishap } from './trouble.ts';
import { isUsed, once } from './token.ts';

/** The cloud after a call, what to answer and how, and what of the world has changed. */
export interface Stepped {
  readonly cloud: Cloud;
  readonly reply: Reply;
  readonly delivery: Delivery;
  readonly touched: readonly Touch[];
}

/** An answer, or why there is none. */
export type Reply = { readonly answer: Answer } | { readonly fault: Fault };

/**
 * One call, whole: the same cloud, call, time and randomness give the same. First comes what happens by itself until
 * now; then troubles, buckets and tokens say no or not; then the request is done, all of it or nothing.
 *
 * `now` must not go back in the life of a cloud. A fault changes only what is counted: buckets, strikes.
 */
export function step(before: Cloud, call: Call, env: Env): Stepped {
  const ready = advance(before, env);
  const gate = admitted(ready.cloud, call, env);
  if (gate.fault !== undefined) {
    const { cloud, fault, delivery = AT_ONCE } = gate;
    return { cloud, reply: { fault }, delivery, touched: ready.touched };
  }
  const way = delivered(gate.cloud, call, env);
  const result = once(way.cloud, call, { env, done: (cloud) => doneNow(cloud, call, env) });
  if (isFault(result))
    return { cloud: way.cloud, reply: { fault: result }, delivery: way.delivery, touched: ready.touched };
  return {
    cloud: withPast(way.cloud, result, env),
    reply: { answer: result.answer },
    delivery: way.delivery,
    touched: unique([...ready.touched, ...result.touched]),
  };
}

const AT_ONCE: Delivery = { how: 'at-once' };

interface Gate {
  readonly cloud: Cloud;
  readonly fault?: Fault;
  readonly delivery?: Delivery;
}

type Barrier = Extract<Mishap, { readonly kind: 'hang' | 'error' | 'throttle' | 'deny' }>;
const isBarrier = ({ kind }: Mishap): boolean => ['hang', 'error', 'throttle', 'deny'].includes(kind);

/** Whether a call gets as far as its request. */
function admitted(before: Cloud, call: Call, env: Env): Gate {
  const { action } = call;
  const hit = struck(before, call, { fits: (what): what is Barrier => isBarrier(what), env });
  if (hit.by !== undefined) return { cloud: hit.cloud, ...barred(hit.by, action) };
  const paid = call.outside === true ? hit : withdrawn(hit.cloud, call, env);
  if ('bucket' in paid && paid.bucket !== undefined)
    return { cloud: paid.cloud, fault: { why: 'throttled', action, bucket: paid.bucket } };
  if (call.dryRun === true) return { cloud: paid.cloud, fault: { why: 'dry-run' } };
  return isUsed(paid.cloud, call) ? paid : shortage(paid.cloud, call, env);
}

function barred(by: Barrier, action: string): { readonly fault: Fault; readonly delivery?: Delivery } {
  switch (by.kind) {
    case 'hang':
      return { fault: { why: 'unavailable', status: 504 }, delivery: { how: 'never' } };
    case 'error':
      return { fault: { why: 'unavailable', status: by.status } };
    case 'throttle':
      return { fault: { why: 'throttled', action, bucket: 'trouble' } };
    case 'deny':
      return { fault: { why: 'denied', action } };
  }
}

type Delay = Extract<Mishap, { readonly kind: 'lose' | 'slow' }>;

/** How the answer will travel. */
function delivered(before: Cloud, call: Call, env: Env): { readonly cloud: Cloud; readonly delivery: Delivery } {
  const fits = (what: Mishap): what is Delay => what.kind === 'lose' || what.kind === 'slow';
  const { cloud, by } = struck(before, call, { fits, env });
  if (by === undefined) return { cloud, delivery: AT_ONCE };
  return { cloud, delivery: by.kind === 'lose' ? { how: 'cut' } : { how: 'late', byMs: by.byMs } };
}

type FailJob = Extract<Mishap, { readonly kind: 'fail-job' }>;

function doneNow(before: Cloud, call: Call, env: Env): Done | Fault {
  const result = perform(before, call.request, { env, from: call.from });
  if (isFault(result) || !('job' in result.answer) || result.answer.job === undefined) return result;
  const fits = (what: Mishap): what is FailJob => what.kind === 'fail-job';
  const { cloud, by } = struck(result.cloud, call, { fits, env });
  const job = cloud.jobs.get(result.answer.job);
  if (by === undefined || job === undefined) return result;
  return { ...result, cloud: { ...cloud, jobs: cloud.jobs.set(job.id, { ...job, state: 'failed' }) } };
}
