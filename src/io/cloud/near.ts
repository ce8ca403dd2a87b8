import type { Prefix } from '../../base/ip.ts';
import type { NicReport } from '../../core/ipam/nic.ts';

/**
 * What a machine is told of its own NICs without a call of the cloud's API: free, and perhaps late. Throws CloudError.
 */
export interface NearCloud {
  /** MACs of the NICs that are attached. */
  macs(): Promise<readonly string[]>;
  /** The NIC with the addresses that it has now; what is not told here (tags, groups) stays as it was. */
  heard(nic: NicReport): Promise<NicReport>;
  /** The security groups of the node's own NIC. */
  groups(): Promise<readonly string[]>;
  vpcRanges(): Promise<readonly Prefix[]>;
}

/**
 * What is attached, as it is told near by; a NIC that the API never told of is asked of the API. When that fails, what
 * is known is told: pods stand on it.
 */
export async function hear(
  near: NearCloud,
  known: readonly NicReport[],
  ask: () => Promise<readonly NicReport[]>,
): Promise<readonly NicReport[]> {
  const macs = await near.macs();
  const heard = macs.flatMap((mac) => known.find((it) => it.mac === mac) ?? []);
  if (heard.length === 0 || heard.length < macs.length) {
    try {
      return await ask();
    } catch (error) {
      if (heard.length === 0) throw error;
    }
  }
  return Promise.all(heard.map((nic) => near.heard(nic)));
}
