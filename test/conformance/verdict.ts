import type { Stage } from './stage.ts';

export type Result = 'pass' | 'fail' | 'n/a';

/** One row of cni.md, section 14. `run` answers a detail worth reading; throws NotApplicable, or any other error for a failure. */
export interface Check {
  readonly id: string;
  readonly name: string;
  readonly limitMs?: number; // default: LIMIT_MS of run.ts
  run(stage: Stage): Promise<string>;
}

/** The plugin under test cannot be asked this, and why. */
export class NotApplicable extends Error {}

/** The plugin under test does not do what it must. */
export class Failed extends Error {}

/** Throws Failed unless it holds. */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Failed(otherwise);
}

/** Several findings of one check, told together. Throws Failed when there is any. */
export function noneOf(findings: readonly string[]): void {
  if (findings.length > 0) throw new Failed(findings.join('; '));
}
