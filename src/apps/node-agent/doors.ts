import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { CallFrame } from '../../wire/agent/frame.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import type { NicProvider } from '../../io/cloud/provider.ts';
import type { KubeDoors } from './cluster-runner.ts';
import type { Kernel } from '../../io/kernel/kernel.ts';
import type { Journal, Recovery } from '../../io/store/journal.ts';

/** A DEL that the CNI executable wrote down because no agent answered. */
export interface SpooledCall {
  readonly name: string; // of the file; names sort by time
  readonly call: CallFrame;
}

/** The spool as the agent sees it. Throws DiskError. */
export interface SpoolDoor {
  /** What is spooled now, oldest first. Cheap when there is nothing. */
  entries(): readonly SpooledCall[];
  /** Absent = success. */
  remove(name: string): void;
  /** Calls back when something may have come. */
  watch(listener: () => void): () => void;
}

/** What the agent counts. Names and units: docs/metrics.md. The simulator counts nothing. */
export interface Meter {
  /** One verb has ended: seconds by stage ("total", "claim", "apply", …) and result ("ok", "refused", "failed"). */
  call(verb: string, result: 'ok' | 'refused' | 'failed', stages: Readonly<Record<string, number>>): void;
  refused(why: string): void;
  repaired(owner: 'node' | 'pod' | 'installation', items: number): void;
  journalSeconds(seconds: number): void;
  kernelError(errno: string): void;
  /** Somebody took so many away from this node, in the cloud. */
  taken(what: 'nic' | 'address', count: number): void;
}

export const countNothing: Meter = {
  call: () => {},
  refused: () => {},
  repaired: () => {},
  journalSeconds: () => {},
  kernelError: () => {},
  taken: () => {},
};

/** Everything the agent touches the world through. The simulator hands in its own. */
export interface AgentDoors {
  readonly kernel: Kernel;
  readonly journal: Journal;
  readonly recovery: Recovery;
  readonly spool: SpoolDoor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  readonly bootId: string;
  /** The cloud that the node's NICs are of; absent for podcidr. */
  readonly provider?: NicProvider;
  /** The cluster that the node is of; absent where it is of none. */
  readonly kube?: KubeDoors;
  readonly config: AgentConfig;
}
