import { furtherIds } from '../../core/attachment.ts';
import type { CallFrame, ReplyFrame } from '../../wire/agent/frame.ts';
import { type NetworkConfig, versionForError } from '../../wire/cni/config.ts';
import { CniError, writeError } from '../../wire/cni/error.ts';
import { type AddRequest, type CniRequest, type DelRequest, readRequest } from '../../wire/cni/request.ts';
import { writeVersions } from '../../wire/cni/version.ts';
import { type Attached, idOf } from './attach.ts';
import { attachPod } from './attach-pod.ts';
import { holderName } from './attachments.ts';
import { idOfCall } from './call-id.ts';
import { check } from './check.ts';
import { show } from '../../core/datapath/plan.ts';
import { PlanError } from '../../io/kernel/execute.ts';
import type { CniDoors } from './cni-doors.ts';
import { collectGarbage } from './gc.ts';
import { whom } from './history.ts';
import { comesLate, detachFrom } from './late-del.ts';
import { asksOf, groupsFor } from './pod-asks.ts';
import { RefusalError } from './pool-runner.ts';
import { refusalError } from './refuse.ts';
import { podOf } from './wish.ts';
import { readiness } from './readiness.ts';

const NOTHING = ''; // what DEL, CHECK, GC and STATUS print when all is well

/** One call of the CNI executable → its exit code and stdout. Never throws: an error is an answer as well. */
export async function serveCni(doors: CniDoors, call: CallFrame): Promise<ReplyFrame> {
  const began = doors.clock.steady();
  let request: CniRequest | undefined;
  try {
    request = readRequest(call.env);
    const stdout = await dispatch(doors, request, call.stdin);
    if (request.verb !== 'ADD') doors.meter.call(request.verb, 'ok', { total: seconds(doors, began) });
    return { exitCode: 0, stdout };
  } catch (thrown) {
    const error = asCniError(doors, thrown);
    const ended = thrown instanceof RefusalError ? 'refused' : 'failed';
    doors.meter.call(request?.verb ?? 'unknown', ended, { total: seconds(doors, began) });
    tellFailure(doors, { call, request, thrown }, error);
    return { exitCode: 1, stdout: writeError(error, versionForError(call.stdin)) };
  }
}

async function dispatch(doors: CniDoors, request: CniRequest, stdin: Uint8Array): Promise<string> {
  if (request.verb === 'VERSION') return writeVersions(versionForError(stdin));
  const config = doors.configs.read(stdin, request.verb);
  switch (request.verb) {
    case 'ADD':
      return doors.lanes.run(request.containerId, () => add(doors, request, config));
    case 'DEL':
      return delInLane(doors, request, config);
    case 'CHECK':
      await doors.lanes.run(request.containerId, () => check(doors, request, config));
      return NOTHING;
    case 'GC':
      await collectGarbage(doors, config);
      return NOTHING;
    case 'STATUS':
      readiness(doors);
      return NOTHING;
  }
}

async function add(doors: CniDoors, request: AddRequest, config: NetworkConfig): Promise<string> {
  const began = doors.clock.steady();
  await doors.spool.settle(idOf(request, config), async (id, netns) => void (await detachFrom(doors, id, netns)));
  const ended = doors.pods?.asks(podOf(request));
  const asked = asksOf(doors, request, config).then(async (asks) =>
    attachPod(doors, { request, config, asks, groups: await groupsFor(doors, request, config) }),
  );
  const { record, result, times, again } = await asked.finally(ended);
  await doors.podIps?.attached(record);
  const ms = doors.clock.steady() - began;
  doors.history.note(whom(record), { kind: 'attached', ms, again });
  doors.clock.timer(0, () => tellAttached(doors, { request, record, ms, times, again })); // the answer goes first
  return result;
}

type Told = Omit<Attached, 'result'> & { readonly request: AddRequest; readonly ms: number };

function tellAttached(doors: CniDoors, { request, record, ms, times, again }: Told): void {
  doors.meter.call('ADD', 'ok', { total: ms / 1000, claim: times.claimMs / 1000, apply: times.applyMs / 1000 });
  doors.log.info('attached', {
    id: record.id,
    pod: record.pod && holderName(record),
    ips: record.addresses,
    ms: round(ms),
    claimMs: round(times.claimMs),
    applyMs: round(times.applyMs),
    again,
    ...traced(request),
  });
}

interface Failed {
  readonly call: CallFrame;
  readonly request: CniRequest | undefined; // undefined: the environment was not understood
  readonly thrown: unknown;
}

/**
 * The same words everywhere: in the CNI error, the log line, and for an ADD in the metric's label and `berth why`. A
 * runtime asks STATUS every few seconds, and what is wrong then has been told when it came.
 */
function tellFailure(doors: CniDoors, { call, request, thrown }: Failed, error: CniError): void {
  const { code, message: msg, details, cause: err } = error;
  const id = idOfCall(call);
  const said = { id, code, says: msg, details, err };
  if (request?.verb !== 'ADD') {
    const level = request?.verb === 'STATUS' ? 'debug' : 'warn';
    doors.log[level]('failed', { verb: request?.verb, ...said, ...(request?.verb === 'DEL' ? traced(request) : {}) });
    return;
  }
  const pod = podOf(request);
  const refusal = thrown instanceof RefusalError ? thrown.refusal : undefined;
  const left = err instanceof PlanError ? err.left.map(({ item }) => show(item)) : [];
  const why = refusal?.why ?? 'failed';
  doors.history.note(
    { id, pod },
    refusal === undefined ? { kind: 'failed', cause: `${msg}: ${details}`, left } : { kind: 'refused', refusal },
  );
  doors.meter.refused(why);
  doors.log.warn('refused', { pod: pod && `${pod.namespace}/${pod.name}`, why, ...said, ...traced(request) });
}

/**
 * Takes its place in the lane at once: whatever comes after it is done after it. An ADD of its sandbox that still waits
 * is cancelled, for it would keep the DEL waiting behind it.
 */
async function delInLane(doors: CniDoors, request: DelRequest, config: NetworkConfig): Promise<string> {
  const done = doors.lanes.run(request.containerId, () => del(doors, request, config));
  const id = idOf(request, config);
  const record = doors.attachments.get(id);
  const isThis = (home: string) => !comesLate(doors, request.netns, home);
  const ids = [id, ...(record === undefined ? [] : furtherIds(record))];
  doors.branches?.cancel(id, isThis);
  const cancelled = Promise.all(ids.map((it) => doors.pool.cancel(it, isThis)));
  const [stdout] = await Promise.all([done, cancelled]);
  return stdout;
}

async function del(doors: CniDoors, request: DelRequest, config: NetworkConfig): Promise<string> {
  const id = idOf(request, config);
  const began = doors.clock.steady();
  const record = await detachFrom(doors, id, request.netns, traced(request));
  if (record === undefined) {
    doors.log.debug('nothing to detach', { id, ...traced(request) });
    return NOTHING;
  }
  const ms = doors.clock.steady() - began;
  doors.history.note(whom(record), { kind: 'detached', ms, coolingMs: doors.node.config.pool.cooldownMs });
  doors.log.info('detached', { id, ips: record.addresses, ms: round(ms), ...traced(request) });
  return NOTHING;
}

/** Refusals have their own words; what is neither refusal nor CNI error is ours to explain. */
function asCniError(doors: Pick<CniDoors, 'log'>, thrown: unknown): CniError {
  if (thrown instanceof CniError) return thrown;
  if (thrown instanceof RefusalError) return refusalError(thrown.refusal, thrown.cause);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (
    thrown instanceof Error &&
    (thrown.name === 'JournalError' || thrown.name === 'DiskError' || thrown.name === 'KernelError')
  )
    return new CniError('ioFailure', message, {
      details: 'berth status tells what is wrong; the runtime will ask again',
      cause: thrown,
    });
  doors.log.error('defect', { err: thrown });
  return new CniError('internal', message, { details: 'please report this with the log of the agent', cause: thrown });
}

function traced(request: AddRequest | DelRequest): object {
  return request.trace === undefined ? {} : { traceId: request.trace.traceId, spanId: request.trace.spanId };
}

function seconds({ clock }: Pick<CniDoors, 'clock'>, began: number): number {
  return (clock.steady() - began) / 1000;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
