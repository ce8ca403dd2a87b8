import * as z from 'zod';
import { expecting } from './values.ts';

/** A list with a bound. */
export const list = <T extends z.ZodType>(of: T, most: number) =>
  z.array(of, { error: expecting('a list') }).max(most, { error: `expected at most ${most}` });

/** A mapping that knows all its keys; absent, it is filled with its defaults. */
export const section = <T extends z.ZodRawShape>(shape: T, about: string) =>
  z
    .strictObject(shape, { error: sectionError })
    .prefault({} as never)
    .describe(about);

/** The sentence about a section that is none, or has keys that nobody knows. */
export function sectionError(issue: { readonly code?: string; readonly keys?: readonly string[] }): string {
  return issue.code === 'unrecognized_keys' ? `unknown key` : 'expected a mapping of keys to values';
}
