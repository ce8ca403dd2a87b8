export type Result = 'pass' | 'fail' | 'n/a';

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
