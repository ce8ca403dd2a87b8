import type { AgentConfig } from './agent-config.ts';
import { agentConfig } from './agent-file.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { type Environment, ENVIRONMENT } from './environment.ts';
import { contradictions, doubts } from './judge.ts';
import { configSchema } from './schema.ts';
import { readText, readYaml } from './yaml-file.ts';

export interface LoadedConfig {
  readonly config: AgentConfig;
  readonly doubts: readonly ConfigProblem[]; // can be, and is probably not meant
}

/**
 * Reads, checks and completes the configuration file; the environment wins over it. Throws ConfigError with all that is
 * wrong.
 */
export function loadConfig(path: string, environment: Environment = process.env): LoadedConfig {
  return parseConfig(readText(path, environment), { source: path, environment });
}

/** The same of a text. An empty one is all defaults. */
export function parseConfig(
  text: string,
  { source = 'configuration', environment = {} }: { readonly source?: string; readonly environment?: Environment } = {},
): LoadedConfig {
  const { content, found } = readYaml(text, { schema: configSchema, variables: ENVIRONMENT, environment, source });
  const config = agentConfig(content);
  const wrong = contradictions(config).map(found);
  if (wrong.length > 0) throw new ConfigError('invalid', source, wrong);
  return { config, doubts: doubts(config).map(found) };
}
