import type { AgentConfig } from './agent-config.ts';
import { parseConfig } from './load.ts';

/** What an empty file says of clouds: for configurations that are made without a file. */
export function cloudDefaults(): Pick<AgentConfig, 'provider' | 'cloud' | 'aws'> {
  const { provider, cloud, aws } = parseConfig('').config;
  return { provider, cloud, aws };
}
