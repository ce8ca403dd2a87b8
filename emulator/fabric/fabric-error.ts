/** What failed: a machine, a link or route, rules, or a socket inside the fabric. */
export type FabricErrorKind = 'machine' | 'network' | 'rules' | 'listening';

/** An operating error of the fabric. */
export class FabricError extends Error {
  readonly kind: FabricErrorKind;
  constructor(kind: FabricErrorKind, message: string, more: { cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'FabricError';
    this.kind = kind;
  }
}
