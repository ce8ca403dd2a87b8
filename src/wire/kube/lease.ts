import type { Millis } from '../../base/clock.ts';
import { type KubeObject, loose, text } from './object.ts';
import { apiVersionOf, LEASES } from './resource.ts';
import { microTimeText } from './time.ts';

/** What is kept of a Lease. */
export interface LeaseShape {
  readonly holder: string; // '': nobody
  readonly durationMs: Millis;
  readonly transitions: number;
  readonly version: string;
}

/** Reads a Lease (coordination.k8s.io/v1). */
export function readLease({ metadata, spec }: KubeObject): LeaseShape {
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = loose(spec);
  return {
    holder: text(holderIdentity),
    durationMs: numberOf(leaseDurationSeconds) * 1_000,
    transitions: numberOf(leaseTransitions),
    version: metadata.resourceVersion,
  };
}

/** A Lease to be written. With a version: only where it is still that. */
export function writeLease(of: {
  readonly namespace: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly holder: string;
  readonly durationMs: Millis;
  readonly transitions: number;
  readonly now: Millis;
}): object {
  const { namespace, name, version, holder, durationMs, transitions, now } = of;
  return {
    apiVersion: apiVersionOf(LEASES),
    kind: LEASES.kind,
    metadata: { namespace, name, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1_000)),
      leaseTransitions: transitions,
      renewTime: microTimeText(now),
    },
  };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
