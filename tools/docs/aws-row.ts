import type { NamedTest } from './tests.ts';

/** One row of the acceptance list for AWS. Shown: something shows it and nothing of it is open. */
export interface AwsRow {
  readonly asks: string;
  readonly open?: string; //                  what is not there yet, and why
  readonly also?: readonly NamedTest[]; //    tests that show it and do not name it
  readonly command?: string; //               an npm script that shows it
}

/** A test of that name in a file. */
export const at = (file: string, name: string): NamedTest => ({ file, name });
/** One of the forty checks. */
export const check = (file: string, name: string): NamedTest => at(`test/conformance/checks/${file}`, name);
/** One of the agent's own, on a fake kernel. */
export const walk = (name: string): NamedTest => at('src/apps/node-agent/walk.test.ts', name);
