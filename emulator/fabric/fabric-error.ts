/** What failed: a machine, a link or route, rules, or the socket of metadata. */
export type FabricErrorKind = 'machine' | 'network' | 'rules' | 'metadata';

/** An operating error of the fabric. */
export class FabricError extends Error {
  readonly kind: FabricErrorKind;
  constructor(kind: FabricErrorKind, message: string, more: { cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'FabricError';
    this.kind = kind;
  }
}
