// What the agent answers on its admin socket (HTTP/1.1, JSON), and the CLI reads. Times are milliseconds since the Unix
// epoch, durations milliseconds. Counts that an IPv6 range can bring beyond 2^53 are decimal text. Fields are only ever
// added.

/**
 * What can be asked, by method and path. `?q=` takes a pod "namespace/name" or its name, the start of a container id,
 * or an address.
 */
export const ADMIN = {
  status: 'GET /v1/status', //     → AgentStatus
  pods: 'GET /v1/pods', //         → readonly PodRow[]
  nics: 'GET /v1/nics', //         → NicsReply
  pool: 'GET /v1/pool', //         → PoolReply
  cloudCalls: 'GET /v1/cloud/calls', // → CloudCallsReply
  explain: 'GET /v1/explain', //   ?q= → ExplainReply; 404 when nobody is known by that name
  why: 'GET /v1/why', //           ?q= → WhyReply, also of pods that are gone
  config: 'GET /v1/config', //     → ConfigReply
  log: 'GET /v1/log', //           → the last lines of the agent's log, as text
  gc: 'POST /v1/gc', //            GcRequest → GcReply
  logLevel: 'POST /v1/log-level', // LogLevelRequest → LogLevelReply
  metrics: 'GET /metrics', //      → Prometheus' text format
  healthz: 'GET /healthz', //      → 200 while the process lives
  readyz: 'GET /readyz', //        → 200 when the agent does its work, be the node full; else 503 with the reasons
} as const;

export interface AgentStatus {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly uptimeMs: number;
  readonly mode: 'routed' | 'bridge';
  readonly ready: boolean;
  readonly degraded: readonly string[]; // sentences; empty when all is well
  readonly pools: readonly PoolStatus[];
  readonly attachments: number;
  readonly spooled: number; // DELs that wait in the spool
  readonly journal: JournalStatus;
  readonly recovery: readonly string[]; // what opening the journal had to say, worst first
  readonly repairLimits?: readonly string[]; // what repair cannot do on this node; empty when nothing
  readonly lastRepair?: RepairStatus;
}

/** The addresses of one family. `claimed`, `cooling` and `free` are parts of `usable`. */
export interface PoolStatus {
  readonly family: 'v4' | 'v6';
  readonly ranges: readonly string[];
  readonly usable: string;
  readonly claimed: number;
  readonly cooling: number;
  readonly free: string;
  readonly waiting: number; // ADDs
}

export interface JournalStatus {
  readonly path: string;
  readonly records: number; // read when the agent started
  readonly failing?: string; // why nothing can be made durable now
}

export interface RepairStatus {
  readonly at: number;
  readonly owner: string; // "node", or the pod
  readonly items: readonly string[];
}

/** One attachment. */
export interface PodRow {
  readonly pod?: string; // "namespace/name", as far as the runtime told
  readonly container: string;
  readonly network: string;
  readonly ifname: string;
  readonly addresses: readonly string[];
  readonly since: number;
  readonly addMs?: number; // how long its ADD took; absent when another process answered it
  readonly mode: 'routed' | 'bridge';
}

/** One attachment's plan beside the kernel. */
export interface ExplainReply {
  readonly attachment: PodRow;
  readonly netns: string;
  readonly hostLink?: string;
  readonly ports: readonly string[]; // "tcp 8080 -> 80"
  readonly items: readonly ExplainItem[];
}

/**
 * One line of a plan. `ok`: the kernel has it. `missing`: it has not. `changed`: it has `have` instead.
 * `foreign`: nobody planned it, and it is in a place of ours.
 */
export interface ExplainItem {
  readonly line: string;
  readonly state: 'ok' | 'missing' | 'changed' | 'foreign';
  readonly have?: string;
}

export interface WhyReply {
  readonly query: string;
  readonly sentences: readonly { readonly at: number; readonly text: string }[]; // oldest first
}

/** The configuration in force, in the words of the file, and the keys of the file that wait for the next start. */
export interface ConfigReply {
  readonly path: string;
  readonly config: unknown;
  readonly waiting: readonly string[];
}

export interface GcRequest {
  readonly dryRun: boolean; // only say what would be removed
}

export interface GcReply {
  readonly removed: readonly string[];
  readonly left: readonly { readonly what: string; readonly why: string }[]; // could not be removed
  readonly kept: number; // attachments
}

export interface LogLevelRequest {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
}

export interface LogLevelReply {
  readonly before: string;
  readonly level: string;
}

/** Every answer that is no success. */
export interface AdminProblem {
  readonly error: string;
}

/** What the doctor of a node says. `skipped`: it could not look, and says why. */
export interface Finding {
  readonly check: string; // one word or two: "socket", "ip_forward"
  readonly state: 'ok' | 'warning' | 'problem' | 'skipped';
  readonly says: string;
  readonly advice?: string; // what to do
}
