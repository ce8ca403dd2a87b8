import type { AgentDoors } from '../src/apps/node-agent/doors.ts';
import type { Clock } from '../src/base/clock.ts';
import type { AgentConfig } from '../src/io/config/agent-config.ts';
import type { Disk } from '../src/io/store/disk.ts';
import type { CallFrame } from '../src/wire/agent/frame.ts';

/** A bug, planted between the agent and its doors: to see whether anybody notices. */
export interface Plant {
  readonly doors?: (doors: AgentDoors) => AgentDoors;
  readonly disk?: (disk: Disk, clock: Clock) => Disk;
  readonly config?: (config: AgentConfig) => AgentConfig;
  readonly call?: (call: CallFrame) => CallFrame;
}

export const NO_PLANT: Plant = {};
