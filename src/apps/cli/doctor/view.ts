import type { Prefix } from '../../../base/ip.ts';
import type { Millis } from '../../../base/clock.ts';
import type { AgentConfig } from '../../../io/config/agent-config.ts';
import type { NodeFiles } from '../../../io/system/node-files.ts';
import type { AgentStatus, Finding } from '../../../wire/agent/status.ts';
import type { ReplyFrame } from '../../../wire/agent/frame.ts';

/** A node as its doctor sees it. Tests hand in another. */
export interface NodeView {
  readonly files: NodeFiles;
  readonly config: AgentConfig;
  readonly now: Millis;
  /** The agent's status, or undefined while it is away. */
  readonly agent: AgentStatus | undefined;
  readonly settings: SettingsView;
  readonly cni: CniPlaces;
  readonly runtime: RuntimeVersion | undefined;
  /** One STATUS call on the agent's socket. Throws SocketError. */
  cniStatus(): Promise<ReplyFrame>;
  /** Which of the ranges some FORWARD chain that is not ours would drop. Throws KernelError. */
  droppedRanges(ranges: readonly Prefix[]): Promise<readonly Prefix[]>;
  /** Why nobody here can say so of the chain of iptables-legacy; undefined: one can. */
  legacyUnclear(ranges: readonly Prefix[]): string | undefined;
}

/** The configuration file, and what the agent made of it. */
export interface SettingsView {
  readonly file: string;
  readonly there: boolean;
  readonly running: unknown; // the agent's, in the shape of the file; undefined while it is away
}

/** Where runtimes look for CNI configurations and executables. */
export interface CniPlaces {
  readonly confDir: string;
  readonly binDir: string;
}

/** A container runtime that is installed here. */
export interface RuntimeVersion {
  readonly name: 'containerd' | 'cri-o' | 'podman';
  readonly version: string; // "1.6.20"
}

/** One look at one part of the node. What it throws makes it a skipped one. */
export type Check = (node: NodeView) => readonly Finding[] | Promise<readonly Finding[]>;

export const good = (check: string, says: string): Finding => ({ check, state: 'ok', says });
export const doubtful = (check: string, says: string, advice: string): Finding => ({
  check,
  state: 'warning',
  says,
  advice,
});
export const bad = (check: string, says: string, advice: string): Finding => ({
  check,
  state: 'problem',
  says,
  advice,
});
export const skipped = (check: string, says: string): Finding => ({ check, state: 'skipped', says });
