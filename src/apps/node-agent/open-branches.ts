import type { Millis } from '../../base/clock.ts';
import { BranchKeeper } from './branch-keeper.ts';
import { BranchRunner } from './branch-runner.ts';
import type { Attachments } from './attachments.ts';
import type { AgentDoors } from './doors.ts';
import type { History } from './history.ts';
import type { PoolRunner } from './pool-runner.ts';
import type { Kernel } from '../../io/kernel/kernel.ts';

/** So long one that has rested stays at most where no pod will ask for it. */
const LEFT_IDLE_MS: Millis = 60_000;

/** The node's branch NICs; undefined where the cloud has no such. Nothing is asked yet. */
export function openBranches(
  { provider: cloud, clock, log, config }: AgentDoors,
  of: {
    readonly attachments: Attachments;
    readonly history: History;
    readonly kernel: Kernel;
    readonly pool: PoolRunner;
  },
): BranchRunner | undefined {
  const { podGroups: enforcing, podNicIdleMs } = config.cloud;
  const provider = cloud?.branches;
  if (provider === undefined) return undefined;
  const { attachments, history, kernel, pool } = of;
  const hasTrunk = () => pool.pool.cloud?.nics.some(({ report }) => report.kind === 'trunk') === true;
  const isLeft = () => hasTrunk() || attachments.all().some(({ branch }) => branch !== undefined);
  const off = enforcing === 'off';
  const keeper = new BranchKeeper({
    ...{ provider, clock, log, attachments, history, cooldownMs: config.pool.cooldownMs },
    idleMs: off ? Math.min(podNicIdleMs, LEFT_IDLE_MS) : podNicIdleMs,
    ...(off && { left: isLeft }),
  });
  const placing = () => pool.pool.cloud?.placing;
  return new BranchRunner({ provider, keeper, kernel, clock, log, attachments, enforcing, placing });
}
