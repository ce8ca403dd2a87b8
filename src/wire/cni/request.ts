import { readArgs, type CniArgs } from './args.ts';
import { CniError } from './error.ts';
import { VERBS, type Verb } from './version.ts';

/** One call of a runtime, as the environment tells it (spec 1.1, section 2, "Parameters"). */
export type CniRequest = AddRequest | DelRequest | CheckRequest | NetworkRequest;

export type AddRequest = AttachmentRequest<'ADD'>;
export type DelRequest = AttachmentRequest<'DEL'>;
export type CheckRequest = AttachmentRequest<'CHECK'>;

/** A call about one attachment. */
export interface AttachmentRequest<V extends Verb> {
  readonly verb: V;
  readonly containerId: string;
  readonly ifname: string;
  readonly netns: string; // path; '' in a DEL after the sandbox is gone
  readonly netnsOverride: boolean; // the node's own namespace is allowed: CNI_NETNS_OVERRIDE
  readonly args: CniArgs;
  readonly trace: Trace | undefined;
}

/** A call about a network, or about nothing at all. */
export interface NetworkRequest {
  readonly verb: 'GC' | 'STATUS' | 'VERSION';
  readonly trace: Trace | undefined;
}

/** The caller's place in a distributed trace: W3C Trace Context, "traceparent". Hexadecimal, lower case. */
export interface Trace {
  readonly traceId: string; // 32 digits
  readonly spanId: string; //  16 digits
}

export type Environment = Readonly<Record<string, string>>;

const VARIABLES = ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'] as const;

type Variable = (typeof VARIABLES)[number];

/** Which variables a verb needs: those of the reference skeleton (pkg/skel), which the runtimes were built against. */
const NEEDS: Readonly<Record<Verb, readonly Variable[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
  VERSION: [],
};

/** Reads the environment of a call. Throws CniError(invalidEnvironment), naming every missing variable at once. */
export function readRequest(env: Environment): CniRequest {
  const verb = verbOf(env);
  needVariables(env, verb);
  const trace = traceOf(env['TRACEPARENT']);
  if (verb === 'GC' || verb === 'STATUS' || verb === 'VERSION') return { verb, trace };
  const about = {
    containerId: containerIdOf(env['CNI_CONTAINERID'] ?? ''),
    ifname: ifnameOf(env['CNI_IFNAME'] ?? ''),
    netns: env['CNI_NETNS'] ?? '',
    netnsOverride: /^(1|t|true)$/i.test(env['CNI_NETNS_OVERRIDE'] ?? ''),
    args: readArgs(env['CNI_ARGS'] ?? '', verb === 'DEL'),
    trace,
  };
  // three shapes that differ in the verb alone: the compiler does not distribute it
  return { verb, ...about } as CniRequest;
}

/** Names of networks and ids of containers (spec 1.1, section 1). */
export const IDENTIFIER = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** IFNAMSIZ - 1, linux/if.h. */
const IFNAME_BYTES = 15;

function verbOf(env: Environment): Verb {
  const said = env['CNI_COMMAND'] ?? '';
  const verb = VERBS.find((known) => known === said);
  if (verb !== undefined) return verb;
  if (said === '') throw environment('CNI_COMMAND is missing');
  throw environment(`CNI_COMMAND "${cut(said)}" is not a verb`, `the verbs are ${VERBS.join(', ')}`);
}

function needVariables(env: Environment, verb: Verb): void {
  const missing = NEEDS[verb].filter((name) => (env[name] ?? '') === '');
  if (missing.length === 0) return;
  throw environment(`${verb} needs ${missing.join(', ')}: missing or empty`, 'the container runtime sets these');
}

function containerIdOf(said: string): string {
  if (IDENTIFIER.test(said)) return said;
  throw environment(`CNI_CONTAINERID "${cut(said)}" is not an identifier`, `it must match ${IDENTIFIER.source}`);
}

/** The kernel's rule for names of links (dev_valid_name, net/core/dev.c) and the specification's. */
function ifnameOf(said: string): string {
  const why =
    said.length > IFNAME_BYTES
      ? `is longer than ${IFNAME_BYTES} letters`
      : said === '.' || said === '..'
        ? 'is a directory'
        : /[/:\s]/.test(said)
          ? 'holds "/", ":" or white space'
          : /[^\x21-\x7e]/.test(said) // IFNAMSIZ counts bytes, so letters beyond ASCII are not worth their trouble
            ? 'holds letters that are not printable ASCII'
            : undefined;
  if (why === undefined) return said;
  throw environment(`CNI_IFNAME "${cut(said)}" ${why}`);
}

/** A malformed trace is no trace: it must never fail a call (W3C Trace Context, section 3.2.2). */
function traceOf(said: string | undefined): Trace | undefined {
  const match = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-|$)/.exec(said ?? '');
  const [, traceId = '', spanId = ''] = match ?? [];
  return /[1-9a-f]/.test(traceId) && /[1-9a-f]/.test(spanId) ? { traceId, spanId } : undefined;
}

function environment(message: string, details = ''): CniError {
  return new CniError('invalidEnvironment', message, { details });
}

function cut(said: string): string {
  return said.length > 80 ? `${said.slice(0, 79)}…` : said;
}
