import type { Prefix } from '../../base/ip.ts';
import type { NicReport } from '../../core/ipam/nic.ts';

/**
 * What a machine is told of its own NICs without a call of the cloud's API: free, and perhaps late. Throws CloudError.
 */
export interface NearCloud {
  /** MACs of the NICs that are attached. */
  macs(): Promise<readonly string[]>;
  /**
   * The NIC with the addresses that it has now; what is not told here (tags, groups) stays as it was. Undefined where
   * too little is told of it: it comes or goes just now.
   */
  heard(nic: NicReport): Promise<NicReport | undefined>;
  /** The security groups of the node's own NIC. */
  groups(): Promise<readonly string[]>;
  vpcRanges(): Promise<readonly Prefix[]>;
}

/**
 * What is attached, as it is told near by. Of a NIC that the API never told of, or that is not told of whole, the API
 * is asked; when that fails, those are told of that are told of whole: pods stand on them.
 */
export async function hear(
  near: NearCloud,
  known: readonly NicReport[],
  ask: () => Promise<readonly NicReport[]>,
): Promise<readonly NicReport[]> {
  const macs = await near.macs();
  const told = known.filter(({ mac }) => macs.includes(mac));
  const wholeOnes = async () => (await Promise.all(told.map((nic) => near.heard(nic)))).filter(isTold);
  if (told.length > 0 && told.length === macs.length) {
    const heard = await wholeOnes();
    if (heard.length === told.length) return heard;
  }
  try {
    return await ask();
  } catch (error) {
    const rest = await wholeOnes();
    if (rest.length === 0) throw error;
    return rest;
  }
}

function isTold(nic: NicReport | undefined): nic is NicReport {
  return nic !== undefined;
}
