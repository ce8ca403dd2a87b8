/**
 * Every code that Berth answers, and what it says. 1 to 99 are those of the CNI specification 1.1 (spec.md, "Error")
 * and of its reference skeleton (8); 100 and up are ours. 999, the untyped error, is never sent. docs/errors.md has a
 * line on each.
 */
export const CNI_CODES = {
  incompatibleVersion: {
    code: 1,
    says: 'The configuration has a cniVersion, or the verb needs one, that does not fit.',
  },
  unsupportedField: {
    code: 2,
    says: 'The configuration has a field that Berth cannot honour; the message holds its key and value.',
  },
  unknownContainer: { code: 3, says: 'The container is not known or gone; the runtime need not clean up.' },
  invalidEnvironment: { code: 4, says: 'A CNI_* variable is missing or malformed.' },
  ioFailure: { code: 5, says: 'Reading or writing failed: the disk, a file or the socket of the agent.' },
  decodingFailure: { code: 6, says: 'The configuration on stdin is not a JSON object.' },
  invalidConfig: { code: 7, says: 'A field of the configuration is missing or malformed; the message names it.' },
  invalidNetns: { code: 8, says: "CNI_NETNS is the node's own network namespace, or no namespace at all." },
  tryAgainLater: { code: 11, says: 'The agent cannot do it now; the runtime should ask again.' },
  notAvailable: { code: 50, says: 'An ADD would fail now.' },
  limitedConnectivity: { code: 51, says: 'An ADD would fail now, and running pods may have lost connectivity.' },
  noAddress: { code: 100, says: 'No address is free in the ranges of this node.' },
  addressRefused: { code: 101, says: 'The address that was asked for cannot be given.' },
  portTaken: { code: 102, says: 'The host port is held by another pod, or by a process of the node.' },
  interfaceExists: {
    code: 103,
    says: 'The sandbox already has an interface of that name that is not this attachment.',
  },
  kernelRefused: { code: 104, says: 'The kernel refused a part of the plan; what this call had made was taken back.' },
  drift: {
    code: 105,
    says: 'CHECK found that the kernel no longer holds what ADD made; the message names what is missing.',
  },
  internal: { code: 106, says: 'A defect in Berth; please report it with the log of the agent.' },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly says: string }>>;

/** The name of a code in `CNI_CODES`. */
export type CniErrorKind = keyof typeof CNI_CODES;

/** The "no" of one CNI call. `message` names the field or variable, `details` says what an operator can do. */
export class CniError extends Error {
  readonly kind: CniErrorKind;
  readonly details: string;

  constructor(kind: CniErrorKind, message: string, more: { readonly details?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'CniError';
    this.kind = kind;
    this.details = more.details ?? '';
  }

  /** The number on the wire. */
  get code(): number {
    return CNI_CODES[this.kind].code;
  }
}

/** The error as the JSON document for stdout. `details` is left out when empty. */
export function writeError(error: CniError, cniVersion: string): string {
  const details = error.details === '' ? {} : { details: error.details };
  return JSON.stringify({ cniVersion, code: error.code, msg: error.message, ...details });
}
