import { believed, holding, lacking } from '../nic-holding.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { Intent, NicId, NicReport } from '../nic.ts';
import type { Pool } from '../pool.ts';

// What the agent writes down of its NICs: before the pool hears of more, and after it has heard of less.

/** The record when a call was answered, before the pool is told. */
export function withAnswer(nics: readonly NicReport[], intent: Intent, answer: CloudEvent): readonly NicReport[] {
  const changed = (id: NicId, change: (nic: NicReport) => NicReport) =>
    nics.map((nic) => (nic.id === id ? change(nic) : nic));
  if (answer.kind === 'nicCreated') return [...nics.filter(({ id }) => id !== answer.nic.id), answer.nic];
  if (intent.kind === 'assign' && answer.kind === 'assigned')
    return changed(intent.nic, (nic) => holding(nic, [...answer.given.addresses, ...answer.given.prefixes]));
  if (intent.kind === 'unassign') return changed(intent.nic, (nic) => lacking(nic, intent.what));
  return intent.kind === 'deleteNic' ? nics.filter(({ id }) => id !== intent.nic) : nics;
}

/** The record when the pool has heard a report. */
export function afterReport({ cloud }: Pool): readonly NicReport[] {
  return (cloud?.nics ?? []).map(believed);
}
