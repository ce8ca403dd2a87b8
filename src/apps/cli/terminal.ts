import { styleText } from 'node:util';

/** Where a command speaks to. Data on `out`, everything else on `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly colour: boolean; // on `out`
  readonly environment: Readonly<Record<string, string | undefined>>;
  now(): number;
}

/** The process's own. Colours only for a person's eyes: https://no-color.org. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0); // `berth pods | head`: the reader has seen enough
  });
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colour: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    environment: env,
    now: () => Date.now(),
  };
}

export type Tone = 'good' | 'bad' | 'doubtful' | 'quiet';

const COLOURS = { good: 'green', bad: 'red', doubtful: 'yellow', quiet: 'gray' } as const;

/** The text in a colour where there are colours. */
export function toned({ colour }: Pick<Terminal, 'colour'>, tone: Tone, text: string): string {
  return colour ? styleText(COLOURS[tone], text, { validateStream: false }) : text;
}
