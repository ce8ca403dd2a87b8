import type { AgentConfig } from './agent-config.ts';
import { parseConfig } from './load.ts';

/** What an empty file says of clouds and clusters: for configurations that are made without a file. */
export function cloudDefaults(): Pick<AgentConfig, 'provider' | 'cloud' | 'aws' | 'kubernetes'> {
  const { provider, cloud, aws, kubernetes } = parseConfig('').config;
  return { provider, cloud, aws, kubernetes };
}
