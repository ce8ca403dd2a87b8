import type { NicId, NicReport } from '../../../core/ipam/nic.ts';
import type { NicPlace } from '../../../core/ipam/placing.ts';
import type { AwsSelf, AwsSettings } from './settings.ts';

/** Who decides about the security groups of pods' NICs. */
export interface GroupDoors {
  readonly self: AwsSelf;
  readonly settings: AwsSettings;
}

/**
 * The security groups that pods' NICs shall have: those of the NICConfig or of the zone, else those that are set, else
 * the primary NIC's.
 */
export function podGroups(
  { self, settings }: GroupDoors,
  ofPrimary: readonly string[],
  place?: NicPlace,
): readonly string[] {
  const { groups: said = [] } = place ?? settings.zones[self.zone] ?? {};
  if (said.length > 0) return said;
  return settings.groups.length > 0 ? settings.groups : ofPrimary;
}

/** The groups of the primary NIC. */
export function primaryGroups(reports: readonly NicReport[]): readonly string[] {
  return reports.find(({ device, card }) => device === 0 && card === 0)?.groups ?? [];
}

/**
 * The NICs of ours that have others than these. What the primary NIC has is its owner's, and what was made by a
 * NICConfig keeps what that said.
 */
export function behindGroups(reports: readonly NicReport[], wanted: readonly string[]): readonly NicId[] {
  if (wanted.length === 0) return []; // nobody knows: a NIC has one at least
  const text = (groups: readonly string[]) => groups.toSorted().join(' ');
  return reports.flatMap(({ id, managed, kind, device, groups, config }) =>
    managed && kind === 'interface' && device !== 0 && config === undefined && text(groups) !== text(wanted) ? id : [],
  );
}
