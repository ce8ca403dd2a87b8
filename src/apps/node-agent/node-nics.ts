import type { Mac } from '../../base/mac.ts';
import type { NicDatapath } from '../../core/datapath/nic-plan.ts';
import { unitsOf } from '../../core/ipam/nic-holding.ts';
import type { NicReport } from '../../core/ipam/nic.ts';

/** A NIC of the node, its link known by its MAC. */
export type NodeNic = Omit<NicDatapath, 'link'> & { readonly mac: Mac };

/** Those NICs that pods stand on, as the datapath wants them: not what others have, nor trunks. */
export function nodeNics(reports: readonly NicReport[]): readonly NodeNic[] {
  return reports.filter(isForPods).map(nodeNic);
}

/** Whether the datapath serves a NIC at all. */
export function isForPods({ managed, kind }: NicReport): boolean {
  return managed && kind === 'interface';
}

function nodeNic(nic: NicReport): NodeNic {
  const { mac, card, device, primary, gateway, gateway6 } = nic;
  return { mac, card, device, own: primary, gateways: [gateway, ...(gateway6 ? [gateway6] : [])], units: unitsOf(nic) };
}
