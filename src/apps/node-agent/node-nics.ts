import { contains } from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';
import type { NicDatapath } from '../../core/datapath/nic-plan.ts';
import { unitsOf } from '../../core/ipam/nic-holding.ts';
import type { NicReport } from '../../core/ipam/nic.ts';

/** A NIC of the node, its link known by its MAC. */
export type NodeNic = Omit<NicDatapath, 'link'> & { readonly mac: Mac };

/**
 * Those NICs that pods stand on, as the datapath wants them: not what others have, nor trunks. An address within a
 * range is the range's: the kernel marks none by both. So it is while a range is being lost of which others took parts.
 */
export function nodeNics(reports: readonly NicReport[]): readonly NodeNic[] {
  const served = reports.filter(isForPods);
  const ranges = served.flatMap(({ prefixes }) => prefixes);
  return served.map((nic) => {
    const single = nic.addresses.filter((it) => !ranges.some((range) => contains(range, it)));
    return nodeNic({ ...nic, addresses: single });
  });
}

/** Whether the datapath serves a NIC at all. */
export function isForPods({ managed, kind }: NicReport): boolean {
  return managed && kind === 'interface';
}

function nodeNic(nic: NicReport): NodeNic {
  const { mac, card, device, primary, gateway, gateway6 } = nic;
  return { mac, card, device, own: primary, gateways: [gateway, ...(gateway6 ? [gateway6] : [])], units: unitsOf(nic) };
}
