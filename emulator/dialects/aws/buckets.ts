import type { CloudRules } from '../../cloud/rules.ts';

/** The categories of "Request throttling for the Amazon EC2 API". */
export type Category = 'non-mutating' | 'mutating' | 'resource-intensive';

type Size = CloudRules['buckets'][string];

/** Tokens at most, and tokens a second. Unfiltered: a Describe of everything, without paging. */
const SIZES: Readonly<Record<Category | 'unfiltered', Size>> = {
  'non-mutating': { capacity: 100, perSecond: 20 },
  unfiltered: { capacity: 50, perSecond: 10 },
  mutating: { capacity: 50, perSecond: 5 },
  'resource-intensive': { capacity: 50, perSecond: 5 },
};

/** Those that the document gives numbers of their own. */
const OWN: Readonly<Record<string, Size>> = {
  AssignIpv6Addresses: { capacity: 100, perSecond: 5 },
  AssignPrivateIpAddresses: { capacity: 100, perSecond: 5 },
  UnassignIpv6Addresses: { capacity: 100, perSecond: 5 },
  UnassignPrivateIpAddresses: { capacity: 100, perSecond: 5 },
  CreateTags: { capacity: 100, perSecond: 10 },
  DeleteTags: { capacity: 100, perSecond: 10 },
  RunInstances: { capacity: 5, perSecond: 2 },
  TerminateInstances: { capacity: 100, perSecond: 5 },
};

/** "Resource token bucket sizes and refill rates": of these two each instance is counted as well. */
const RESOURCES: Readonly<Record<string, Size>> = {
  'RunInstances resources': { capacity: 1_000, perSecond: 2 },
  'TerminateInstances resources': { capacity: 1_000, perSecond: 20 },
};

/**
 * "Each API is evaluated individually": a bucket for every action, of the size of its category; a Describe has a second
 * one for its unfiltered calls.
 */
export function bucketsOf(actions: ReadonlyMap<string, { readonly category: Category }>): CloudRules['buckets'] {
  const buckets: Record<string, Size> = { ...RESOURCES };
  for (const [name, { category }] of actions) {
    buckets[bucketName(name, category, false)] = OWN[name] ?? SIZES[category];
    if (category === 'non-mutating') buckets[bucketName(name, category, true)] = SIZES.unfiltered;
  }
  return buckets;
}

/** The bucket of a call. That of a Describe is never called like the action, so that both of its buckets are found. */
export function bucketName(action: string, category: Category, unfiltered: boolean): string {
  if (category !== 'non-mutating') return action;
  return `${action} ${unfiltered ? 'unfiltered' : 'filtered'}`;
}
