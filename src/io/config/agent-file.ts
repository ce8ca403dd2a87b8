import type { AgentConfig } from './agent-config.ts';
import type { ConfigFile } from './schema.ts';
import { durationText } from './values.ts';

/** What a checked file means. */
export function agentConfig(file: ConfigFile): AgentConfig {
  const { mtu, ...network } = file.network;
  const { pool, repair } = file;
  return {
    nodeName: file.nodeName,
    network: { ...network, mtuBytes: mtu },
    pool: { cooldownMs: pool.cooldown, patienceMs: pool.patience, waitingLimit: pool.waitingLimit },
    repair: { enabled: repair.enabled, delayMs: repair.delay, intervalMs: repair.interval },
    paths: file.paths,
    http: { listen: file.http.listen },
    log: file.log,
  };
}

/** A configuration in the words of the file: reading it again gives the same. What `berth config print` shows. */
export function configFile(config: AgentConfig) {
  const { mode, bridge, ranges, reserved, mtuBytes, ...network } = config.network;
  const { pool, repair, http } = config;
  return {
    nodeName: config.nodeName,
    network: { mode, bridge, ranges, reserved, mtu: mtuBytes, ...network },
    pool: {
      cooldown: durationText(pool.cooldownMs),
      patience: durationText(pool.patienceMs),
      waitingLimit: pool.waitingLimit,
    },
    repair: {
      enabled: repair.enabled,
      delay: durationText(repair.delayMs),
      interval: durationText(repair.intervalMs),
    },
    paths: config.paths,
    http: http.listen === undefined ? {} : { listen: http.listen },
    log: config.log,
  };
}
