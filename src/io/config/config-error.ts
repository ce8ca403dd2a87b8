/** `absent`: no such file. `unreadable`: a file that cannot be read. `invalid`: what it says cannot be used. */
export type ConfigErrorKind = 'absent' | 'unreadable' | 'invalid';

/** One thing wrong with a configuration. */
export interface ConfigProblem {
  readonly where: string; // "network.ranges[0]", "BERTH_RANGES", or "" for the whole file
  readonly line?: number; // of the file, from 1
  readonly says: string;
}

/** A configuration that cannot be used, with everything that is wrong about it. */
export class ConfigError extends Error {
  readonly kind: ConfigErrorKind;
  readonly problems: readonly ConfigProblem[];
  constructor(kind: ConfigErrorKind, source: string, problems: readonly ConfigProblem[], cause?: unknown) {
    super(
      problems.map((problem) => `${source}${problemLine(problem)}`).join('\n'),
      cause === undefined ? {} : { cause },
    );
    this.name = 'ConfigError';
    this.kind = kind;
    this.problems = problems;
  }
}

function problemLine({ where, line, says }: ConfigProblem): string {
  return `${line === undefined ? '' : `:${line}`}: ${where === '' ? '' : `${where}: `}${says}`;
}
