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

/**
 * What of a changed configuration an agent takes on while it runs: the keys of `needsRestart` stay as they were when it
 * started.
 */
export function liveConfig(started: AgentConfig, after: AgentConfig): AgentConfig {
  const { network, pool, repair, log } = after;
  return {
    ...started,
    network: { ...network, mode: started.network.mode, bridge: started.network.bridge },
    pool: { ...started.pool, patienceMs: pool.patienceMs },
    repair: { ...repair, enabled: started.repair.enabled },
    log: { ...started.log, level: log.level },
  };
}

function valueAt(file: unknown, key: string): unknown {
  return key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], file);
}
