import { PLUGIN } from '../doctor/conflist.ts';

export interface NetworkList {
  readonly cniVersion: string;
  readonly network: string;
}

/**
 * The CNI configuration that makes a runtime use Berth: one plugin, which does itself what others chain portmap and
 * bandwidth for.
 */
export function networkList({ cniVersion, network }: NetworkList): string {
  const capabilities = { portMappings: true, bandwidth: true, ips: true, mac: true, dns: true };
  return `${JSON.stringify({ cniVersion, name: network, plugins: [{ type: PLUGIN, capabilities }] }, null, 2)}\n`;
}
