import type { AgentConfig } from './agent-config.ts';
import type { ConfigFile } from './schema.ts';
import { durationText } from './values.ts';

/** What a checked file means. */
export function agentConfig(file: ConfigFile): AgentConfig {
  const { mtu, ...network } = file.network;
  const { pool, repair } = file;
  const { warmAddresses, minimumAddresses, warmNics, warmPrefixes, maxNics, podNicIdle, ...cloud } = file.cloud;
  const { server, ...kubernetes } = file.kubernetes;
  return {
    nodeName: file.nodeName,
    provider: file.provider,
    network: { ...network, mtuBytes: mtu },
    pool: { cooldownMs: pool.cooldown, patienceMs: pool.patience, waitingLimit: pool.waitingLimit },
    cloud: {
      ...cloud,
      podNicIdleMs: podNicIdle,
      targets: withoutAbsent({ warmAddresses, minimumAddresses, warmNics, warmPrefixes, maxNics }),
    },
    aws: agentAws(file.aws),
    kubernetes: { ...kubernetes, server },
    repair: {
      enabled: repair.enabled,
      delayMs: repair.delay,
      intervalMs: repair.interval,
      installation: repair.installation,
    },
    paths: file.paths,
    http: { listen: file.http.listen },
    log: logOf(file.log),
  };
}

/** The section `aws` of a checked file. */
export function agentAws({ timeout, region, endpoint, ...aws }: ConfigFile['aws']): AgentConfig['aws'] {
  return { ...aws, region, endpoint, timeoutMs: timeout };
}

/** Absent keys are no keys: a target that is not set decides nothing. */
function withoutAbsent<T extends object>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as never;
}

/** A configuration in the words of the file: reading it again gives the same. What `berth config print` shows. */
export function configFile(config: AgentConfig) {
  const { mode, bridge, ranges, reserved, mtuBytes, ...network } = config.network;
  const { pool, repair, http } = config;
  const { targets, podNicIdleMs, ...cloud } = config.cloud;
  const { timeoutMs, ...aws } = config.aws;
  return {
    nodeName: config.nodeName,
    provider: config.provider,
    network: { mode, bridge, ranges, reserved, mtu: mtuBytes, ...network },
    pool: {
      cooldown: durationText(pool.cooldownMs),
      patience: durationText(pool.patienceMs),
      waitingLimit: pool.waitingLimit,
    },
    cloud: { ...cloud, podNicIdle: durationText(podNicIdleMs), ...targets },
    aws: withoutAbsent({ ...aws, timeout: durationText(timeoutMs) }),
    kubernetes: withoutAbsent(config.kubernetes),
    repair: {
      enabled: repair.enabled,
      delay: durationText(repair.delayMs),
      interval: durationText(repair.intervalMs),
      installation: repair.installation,
    },
    paths: config.paths,
    http: http.listen === undefined ? {} : { listen: http.listen },
    log: logFileOf(config),
  };
}

const MEBIBYTE = 1024 * 1024;

/** The section `log` of a checked file. */
export function logOf({ level, format, file, fileLimit }: ConfigFile['log']): AgentConfig['log'] {
  return { level, format, file, fileBytes: fileLimit * MEBIBYTE };
}

function logFileOf({ log: { level, format, file, fileBytes } }: AgentConfig) {
  return { level, format, fileLimit: fileBytes / MEBIBYTE, ...(file === undefined ? {} : { file }) };
}
