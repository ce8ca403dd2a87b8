import type { Fault } from '../../cloud/fault.ts';
import { ApiError } from './api-error.ts';
import { addressFault, limitFault } from './faults-of-addresses.ts';
import { resourceFault } from './faults-of-resources.ts';

/**
 * A fault of the core as EC2 says it: codes of "Error codes for the Amazon EC2 API", texts as the service gives them.
 */
export function apiError(fault: Fault): ApiError {
  switch (fault.why) {
    case 'throttled':
      return new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503);
    case 'denied':
      return new ApiError('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403);
    case 'dry-run':
      return new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    case 'unavailable':
      return fault.status === 500
        ? new ApiError('InternalError', 'An internal error has occurred', 500)
        : new ApiError('Unavailable', 'The service is unavailable. Please try again shortly.', fault.status);
    case 'token-mismatch':
      return new ApiError(
        'IdempotentParameterMismatch',
        'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
      );
    case 'unknown-filter':
      return new ApiError('InvalidParameterValue', `The filter '${fault.field}' is invalid`);
    case 'bad-page':
      return new ApiError('InvalidNextToken', 'The token is not valid.');
    case 'invalid':
      return new ApiError(
        'InvalidParameterValue',
        `Invalid value '${fault.value}' for ${fault.field}: ${fault.because}`,
      );
    case 'missing':
      return new ApiError('MissingParameter', `The request must contain the parameter ${fault.field}`);
    default:
      return otherFault(fault);
  }
}

type Resource = Parameters<typeof resourceFault>[0];
type Addresses = Parameters<typeof addressFault>[0];

const OF_RESOURCES: ReadonlySet<string> = new Set<Resource['why']>([
  'not-found',
  'duplicate',
  'in-use',
  'wrong-state',
  'device-taken',
  'no-such-card',
  'other-zone',
  'other-vpc',
  'indispensable',
  'unsupported',
  'wrong-kind',
  'number-taken',
]);

function otherFault(fault: Exclude<Fault, { readonly why: 'throttled' }>): ApiError {
  switch (fault.why) {
    case 'nic-limit':
    case 'address-limit':
    case 'branch-limit':
    case 'quota':
      return limitFault(fault);
    default:
      return OF_RESOURCES.has(fault.why) ? resourceFault(fault as Resource) : addressFault(fault as Addresses);
  }
}
