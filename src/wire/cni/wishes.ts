import type { Address } from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';
import type { CniArgs } from './args.ts';
import type { NetworkConfig } from './config.ts';
import { emptyDns, type Dns } from './result.ts';

/**
 * The addresses asked for by name. The capability wins over the pod's own annotation, that over `args.cni`, and that
 * over CNI_ARGS: the nearest to the pod speaks last.
 */
export function wantedIps(
  config: NetworkConfig,
  args: CniArgs,
  annotated: readonly Address[] = [],
): readonly Address[] {
  return [config.runtime.ips, annotated, config.args.ips, args.ips].find((ips) => ips.length > 0) ?? [];
}

/** The MAC asked for, in the same order. */
export function wantedMac(config: NetworkConfig, args: CniArgs): Mac | undefined {
  return config.runtime.mac ?? config.args.mac ?? args.mac;
}

/** What the result says of DNS: the runtime's wish for this pod, else the configuration's, else nothing. */
export function wantedDns(config: NetworkConfig): Dns | undefined {
  return config.runtime.dns ?? (emptyDns(config.dns) ? undefined : config.dns);
}
