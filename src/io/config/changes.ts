import type { AgentConfig } from './agent-config.ts';
import { configFile } from './agent-file.ts';
import { configKeys } from './keys.ts';

/** The keys that differ between two configurations and are taken on only when the agent starts again. */
export function needsRestart(before: AgentConfig, after: AgentConfig): readonly string[] {
  const [old, now] = [configFile(before), configFile(after)];
  return configKeys()
    .filter(({ key, restart }) => restart && !key.includes('[]'))
    .filter(({ key }) => JSON.stringify(valueAt(old, key)) !== JSON.stringify(valueAt(now, key)))
    .map(({ key }) => key);
}

function valueAt(file: unknown, key: string): unknown {
  return key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], file);
}
