import type { Refusal, RefusalWhy } from '../../core/refusal.ts';
import { advice, sentence } from '../../core/refusal-words.ts';
import { CniError, type CniErrorKind } from '../../wire/cni/error.ts';

/** The CNI code of each reason: what the runtime shall make of it. */
const KINDS: Readonly<Record<RefusalWhy, CniErrorKind>> = {
  starting: 'tryAgainLater',
  'no-range': 'noAddress',
  exhausted: 'noAddress',
  'too-late': 'tryAgainLater',
  'subnet-empty': 'noAddress',
  'nic-limit': 'noAddress',
  'max-pods': 'noAddress',
  held: 'noAddress',
  'cloud-denied': 'noAddress',
  'cloud-throttled': 'tryAgainLater',
  'cloud-failing': 'tryAgainLater',
  'controller-away': 'tryAgainLater',
  'no-nic-config': 'tryAgainLater',
  cancelled: 'tryAgainLater',
  'queue-full': 'tryAgainLater',
  'address-taken': 'addressRefused',
  'address-cooling': 'addressRefused',
  'address-outside': 'addressRefused',
  'address-reserved': 'addressRefused',
  'one-per-family': 'addressRefused',
  'static-waits': 'tryAgainLater',
  'static-lost': 'addressRefused',
  'no-pod-nic': 'tryAgainLater',
  'pod-nic-limit': 'noAddress',
  'not-on-pod-nic': 'invalidConfig',
  'pod-groups-unknown': 'tryAgainLater',
  'pod-unknown': 'tryAgainLater',
  'port-taken': 'portTaken',
  'interface-exists': 'interfaceExists',
  annotation: 'invalidConfig',
  'spooled-delete': 'tryAgainLater',
  'not-durable': 'ioFailure',
};

/** A refusal as the CNI error that the runtime shows: the sentence, and what an operator can do. */
export function refusalError(refusal: Refusal, cause?: unknown): CniError {
  return new CniError(KINDS[refusal.why], sentence(refusal), { details: advice(refusal), cause });
}
