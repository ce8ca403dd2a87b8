import { configFile } from '../../../io/config/agent-file.ts';
import { ConfigError, type ConfigProblem } from '../../../io/config/config-error.ts';
import { withFile } from '../../../io/config/environment.ts';
import { loadConfig, type LoadedConfig } from '../../../io/config/load.ts';
import { ADMIN, type ConfigReply } from '../../../wire/agent/status.ts';
import { type AgentOptions, ask } from '../ask.ts';
import { CliError, type ExitKind } from '../exit.ts';
import { type Format, print, yamlText } from '../output.ts';
import { type Terminal, toned } from '../terminal.ts';

/**
 * `berth config print`: the configuration with every default filled in; of a file, or with `--running` that of the
 * agent.
 */
export async function configPrint(
  terminal: Terminal,
  options: AgentOptions & {
    readonly output: Exclude<Format, 'table'>;
    readonly config: string;
    readonly running: boolean;
  },
): Promise<ExitKind> {
  const it = options.running
    ? await runningConfig(terminal, options)
    : configFile(load(terminal, options.config).config);
  const text = options.output === 'json' ? `${JSON.stringify(it, null, 2)}\n` : await yamlText(it);
  terminal.out(text);
  return 'ok';
}

/** `berth config check`: exit code 4 when the agent would not take the file. */
export async function configCheck(
  terminal: Terminal,
  options: { readonly output: Format; readonly config: string },
): Promise<ExitKind> {
  const { problems, doubts } = judged(terminal, options.config);
  const state = problems.length === 0 ? 'ok' : 'problem';
  await print(terminal, options.output, { file: options.config, state, problems, doubts }, () => {
    const lines = [
      ...problems.map((it) => toned(terminal, 'bad', `problem   ${lineOf(options.config, it)}`)),
      ...doubts.map((it) => toned(terminal, 'doubtful', `warning   ${lineOf(options.config, it)}`)),
      `${options.config}: ${problems.length === 0 ? 'good' : 'the agent would not take it'}`,
    ];
    return `${lines.join('\n')}\n`;
  });
  return problems.length === 0 ? 'ok' : 'found';
}

async function runningConfig(terminal: Terminal, options: AgentOptions): Promise<unknown> {
  const { config, waiting, path } = await ask<ConfigReply>(options, ADMIN.config);
  if (waiting.length > 0)
    terminal.err(`${path} says otherwise about ${waiting.join(', ')}: taken on when the agent starts again\n`);
  return config;
}

function load(terminal: Terminal, path: string): LoadedConfig {
  try {
    return loadConfig(path, terminal.environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError('failed', error.message, { advice: 'see docs/configuration.md', cause: error });
  }
}

function judged(terminal: Terminal, path: string): Record<'problems' | 'doubts', readonly ConfigProblem[]> {
  try {
    return { problems: [], doubts: loadConfig(path, withFile(terminal.environment)).doubts };
  } catch (error) {
    if (!(error instanceof ConfigError) || error.kind !== 'invalid') load(terminal, path);
    return { problems: error instanceof ConfigError ? error.problems : [], doubts: [] };
  }
}

function lineOf(file: string, { where, line, says }: ConfigProblem): string {
  return `${file}${line === undefined ? '' : `:${line}`}: ${where === '' ? '' : `${where}: `}${says}`;
}
