import type { Stage } from './stage.ts';

/**
 * One row of the acceptance list of the CNI. `run` answers a detail worth reading; throws NotApplicable, or any other
 * error for a failure.
 */
export interface Check {
  readonly id: string;
  readonly name: string;
  readonly limitMs?: number; // default: LIMIT_MS of run.ts
  run(stage: Stage): Promise<string>;
}
