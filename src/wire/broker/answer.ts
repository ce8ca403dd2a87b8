import type { Prefix } from '../../base/ip.ts';
import { type BranchShape, readBranch } from './branch.ts';
import { count, fieldsOf, given, listOf, mapping, oneOf, prefixField, text } from './field.ts';
import { type GivenShape, type LimitsShape, type NicShape, readGiven, readLimits, readNic } from './nic.ts';

/**
 * What the controller says. `pending`: it is at it; the same question asked again waits on. `failed`: the cloud said
 * so. `refused`: it was not even tried.
 */
export type Answer =
  | { readonly is: 'done'; readonly found: Found }
  | { readonly is: 'pending' }
  | { readonly is: 'failed'; readonly failure: FailureShape }
  | { readonly is: 'refused'; readonly why: RefusedWhy; readonly message: string };

/** What a question brought: what its wish is about, and nothing else. */
export interface Found {
  readonly limits?: LimitsShape;
  readonly nics?: readonly NicShape[];
  readonly given?: GivenShape;
  readonly ranges?: readonly Prefix[];
  readonly tended?: readonly string[]; // NICs
  readonly most?: number; //             NICs of pods' own, at most
  readonly branches?: readonly BranchShape[];
}

/** CloudFailure of `core/ipam/nic.ts`. */
export interface FailureShape {
  readonly kind: FailureKind;
  readonly action: string;
  readonly code: string;
  readonly message: string;
  readonly subnet?: string;
  readonly retryAfterMs?: number;
  readonly newest?: number; // it came too late: the order of what was asked about that NIC since
}

const FAILURES = ['throttled', 'exhausted', 'limit', 'denied', 'gone', 'busy', 'taken', 'unknown', 'away'] as const;
type FailureKind = (typeof FAILURES)[number];

/**
 * Why the controller does not do it. `not-leader`: another replica does. `unsure`: it could not find out who asks.
 * `unknown-token`, `not-an-agent`, `no-node`, `no-instance`, `shared-instance`: by its token the asker has no NICs.
 * `malformed`: the question makes no sense here; agent and controller may be of different versions.
 */
export const REFUSALS = [
  'not-leader',
  'unsure',
  'unknown-token',
  'not-an-agent',
  'no-node',
  'no-instance',
  'shared-instance',
  'malformed',
] as const;
export type RefusedWhy = (typeof REFUSALS)[number];

const is = oneOf(['done', 'pending', 'failed', 'refused']);
const failureKind = oneOf(FAILURES);
const refusedWhy = oneOf(REFUSALS);

export function writeAnswer(answer: Answer): string {
  return JSON.stringify(answer);
}

/** Throws MessageError. */
export function readAnswer(from: string): Answer {
  const fields = fieldsOf(from);
  const kind = is(fields['is'], 'is');
  switch (kind) {
    case 'pending':
      return { is: kind };
    case 'done':
      return { is: kind, found: readFound(fields['found']) };
    case 'failed':
      return { is: kind, failure: readFailure(fields['failure']) };
    case 'refused':
      return { is: kind, why: refusedWhy(fields['why'], 'why'), message: text(fields['message'], 'message') };
  }
}

function readFound(value: unknown): Found {
  const fields = mapping(value, 'found');
  return {
    ...given('limits', fields, readLimits),
    ...given('nics', fields, (it, name) => listOf(it, name, readNic)),
    ...given('given', fields, readGiven),
    ...given('ranges', fields, (it, name) => listOf(it, name, prefixField)),
    ...given('tended', fields, (it, name) => listOf(it, name, text)),
    ...given('most', fields, count),
    ...given('branches', fields, (it, name) => listOf(it, name, readBranch)),
  };
}

function readFailure(value: unknown): FailureShape {
  const fields = mapping(value, 'failure');
  return {
    kind: failureKind(fields['kind'], 'kind'),
    action: text(fields['action'], 'action'),
    code: text(fields['code'], 'code'),
    message: text(fields['message'], 'message'),
    ...given('subnet', fields, text),
    ...given('retryAfterMs', fields, count),
    ...given('newest', fields, count),
  };
}
