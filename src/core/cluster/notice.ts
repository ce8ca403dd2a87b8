import type { Millis } from '../../base/clock.ts';
import type { PodName } from '../attachment.ts';
import type { CloudErrorKind } from '../ipam/nic.ts';
import type { RefusalWhy } from '../refusal.ts';
import type { Decision } from '../why/decision.ts';
import { tell } from '../why/tell.ts';

/** What an Event says. `pod` absent: it is about the node. */
export interface Notice {
  readonly pod: PodName | undefined;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string; // a word in CamelCase, for machines
  readonly message: string; // the sentence of `why`
}

/** An Event's message may be so long: ValidateEvent of Kubernetes. */
const MOST_LETTERS = 1_024;
/** A pod that waits less is no news. */
const LONG_WAIT_MS: Millis = 5_000;

const REASONS: Readonly<Partial<Record<RefusalWhy, string>>> = {
  'no-range': 'NoAddress',
  exhausted: 'NoAddress',
  'too-late': 'NoAddress',
  'subnet-empty': 'NoAddress',
  'nic-limit': 'NoAddress',
  'max-pods': 'NoAddress',
  held: 'NoAddress',
  'cloud-denied': 'CloudDenied',
  'cloud-throttled': 'CloudThrottled',
  'cloud-failing': 'CloudFailing',
  'controller-away': 'ControllerAway',
  'address-taken': 'AddressRefused',
  'address-cooling': 'AddressRefused',
  'address-outside': 'AddressRefused',
  'address-reserved': 'AddressRefused',
  'one-per-family': 'AddressRefused',
  'no-nic-config': 'NICConfigMissing',
  'static-waits': 'StaticAddressWaits',
  'static-lost': 'StaticAddressLost',
  'pod-unknown': 'PodUnknown',
  'port-taken': 'HostPortTaken',
  annotation: 'AnnotationRefused',
};

/** What the cloud refuses; what it merely does not do just now is asked again at once. */
const CLOUD: Readonly<Record<CloudErrorKind, readonly ['Warning', string] | undefined>> = {
  denied: ['Warning', 'CloudDenied'],
  throttled: ['Warning', 'CloudThrottled'],
  exhausted: ['Warning', 'NoAddress'],
  limit: ['Warning', 'NoAddress'],
  unknown: ['Warning', 'CloudFailing'],
  away: ['Warning', 'ControllerAway'],
  gone: undefined,
  busy: undefined,
  taken: undefined,
};

/** The Event that a decision is worth, or undefined: what went well is told by the pod itself. */
export function noticeOf(decision: Decision): Notice | undefined {
  const of = worth(decision);
  if (of === undefined) return undefined;
  const said = tell(decision);
  const message = said.length <= MOST_LETTERS ? said : `${said.slice(0, MOST_LETTERS - 1)}…`;
  return { pod: decision.about.pod, type: of[0], reason: of[1], message };
}

function worth(decision: Decision): readonly ['Normal' | 'Warning', string] | undefined {
  switch (decision.kind) {
    case 'refused':
      // its sandbox is being removed: nobody waits for it
      if (decision.refusal.why === 'cancelled') return undefined;
      return ['Warning', REASONS[decision.refusal.why] ?? 'NetworkRefused'];
    case 'failed':
      return ['Warning', 'NetworkFailed'];
    case 'remained':
      return ['Warning', 'NetworkNotRemoved'];
    case 'cutOff':
      return ['Warning', 'NetworkLost'];
    case 'denied':
      return CLOUD[decision.failure.kind];
    case 'placed':
      return decision.place === undefined ? ['Warning', 'NICConfigMissing'] : ['Normal', 'NICConfigChanged'];
    case 'repaired':
      return ['Normal', 'NetworkRepaired'];
    case 'waited':
      return decision.readyInMs < LONG_WAIT_MS ? undefined : ['Normal', 'AddressCooling'];
    default:
      return undefined;
  }
}
