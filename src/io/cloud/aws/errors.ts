import { CloudError, type CloudErrorKind } from '../provider.ts';

/**
 * Codes of EC2 by what they mean to us: "Error codes for the Amazon EC2 API". A subnet without addresses is told in
 * three ways, the third by its text alone.
 */
const KINDS: Readonly<Record<string, CloudErrorKind>> = {
  RequestLimitExceeded: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  EC2ThrottledException: 'throttled',
  SlowDown: 'throttled',
  InsufficientFreeAddressesInSubnet: 'exhausted',
  InsufficientCidrBlocks: 'exhausted',
  PrivateIpAddressLimitExceeded: 'limit',
  NetworkInterfaceLimitExceeded: 'limit',
  AttachmentLimitExceeded: 'limit',
  UnauthorizedOperation: 'denied',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  AuthFailure: 'denied',
  Blocked: 'denied',
  ExpiredToken: 'denied',
  ExpiredTokenException: 'denied',
  InvalidClientTokenId: 'denied',
  MissingAuthenticationToken: 'denied',
  OptInRequired: 'denied',
  RequestExpired: 'denied',
  SignatureDoesNotMatch: 'denied',
  CredentialsProviderError: 'denied',
  'InvalidNetworkInterfaceID.NotFound': 'gone',
  'InvalidAttachmentID.NotFound': 'gone',
  'InvalidInstanceID.NotFound': 'gone',
  'InvalidSubnetID.NotFound': 'gone',
  'InvalidGroup.NotFound': 'gone',
  'InvalidIPAddress.InUse': 'taken',
  'InvalidNetworkInterface.InUse': 'busy',
  IncorrectState: 'busy',
  IncorrectInstanceState: 'busy',
  IdempotentParameterMismatch: 'busy', // made by other words a moment ago: asked again it is found
  InternalError: 'unknown',
  InternalFailure: 'unknown',
  ServerInternal: 'unknown',
  Unavailable: 'unknown',
  ServiceUnavailable: 'unknown',
};

/** EC2's code of an instance that may have no more NICs. */
export const FULL = 'AttachmentLimitExceeded';

const EXHAUSTED =
  /not enough free (addresses|prefixes)|(in|not |n't )sufficient free|no free (addresses|prefixes)|do(es)? not have enough/i;
const TOO_MANY =
  /already has an interface attached|exceed(s|ed)? the (maximum|limit)|number of private addresses will exceed/i;

const TAKEN = /are assigned, but move is not allowed|are already assigned to/i;

const NOT_THERE = /(is|are) not assigned to (the )?interface|do(es)? not exist/i;

/** What was asked when it failed. */
export interface Asked {
  readonly action: string;
  readonly subnet?: string;
}

/** What the SDK threw, in our words. */
export function cloudError(cause: unknown, { action, subnet }: Asked): CloudError {
  const thrown = cause instanceof Error ? cause : new Error(String(cause));
  const code = codeOf(thrown);
  const kind = kindOf(code, thrown);
  return new CloudError(kind, {
    action,
    code,
    message: `${action}: ${code}: ${thrown.message}${ADVICE[kind]?.(action) ?? ''}`,
    ...(subnet === undefined ? {} : { subnet }),
    cause,
  });
}

/** Whether nobody knows if the change was made: no answer, or one that says nothing about it. */
export function isAmbiguous(error: CloudError): boolean {
  return error.kind === 'unknown';
}

const ADVICE: Partial<Record<CloudErrorKind, (action: string) => string>> = {
  denied: (action) => `; the role that asks needs ec2:${action}, valid credentials and a clock that is right`,
  exhausted: () => '; free addresses of the subnet, add a range to the VPC, or tag another subnet for pods',
};

/** A refusal that we have no word for: nothing was done, and to ask again at once would not help. */
function kindOf(
  code: string,
  { message, ...more }: Error & { readonly $metadata?: { httpStatusCode?: number } },
): CloudErrorKind {
  if (EXHAUSTED.test(message)) return 'exhausted';
  const known = KINDS[code];
  if (known !== undefined) return known;
  if (TOO_MANY.test(message)) return 'limit';
  if (TAKEN.test(message)) return 'taken';
  if (NOT_THERE.test(message)) return 'gone';
  const { httpStatusCode: status = 0 } = more.$metadata ?? {};
  return status >= 400 && status < 500 ? 'limit' : 'unknown';
}

/** The SDK spells EC2's code as the error's name; what never reached EC2 has node's own code. */
function codeOf(error: Error): string {
  const { Code: code, code: system } = error as Error & { Code?: unknown; code?: unknown };
  if (typeof code === 'string') return code;
  if (typeof system === 'string') return system;
  return error.name;
}
