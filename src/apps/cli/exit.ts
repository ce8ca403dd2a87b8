/** What the exit codes of `berth` mean: docs/cli.md has the same table, a test compares. */
export const EXIT = {
  ok: { code: 0, says: 'Done, and all is well.' },
  failed: { code: 1, says: 'It could not be done; standard error says why.' },
  usage: { code: 2, says: 'The command line is wrong.' },
  away: { code: 3, says: 'The agent does not answer.' },
  found: { code: 4, says: 'It looked, and something is wrong on this node.' },
  nobody: { code: 5, says: 'Nobody of that name.' },
} as const;

export type ExitKind = keyof typeof EXIT;

/** Ends a command. `message` says what is wrong, `advice` what to do about it. */
export class CliError extends Error {
  readonly kind: ExitKind;
  readonly advice: string;
  constructor(kind: ExitKind, message: string, more: { readonly advice?: string; readonly cause?: unknown } = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'CliError';
    this.kind = kind;
    this.advice = more.advice ?? '';
  }
}
