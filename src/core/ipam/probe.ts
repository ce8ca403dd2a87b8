import type { Millis } from '../../base/clock.ts';
import type { Family } from '../../base/ip.ts';
import { attachmentId } from '../attachment.ts';
import type { Refusal } from '../refusal.ts';
import { inTrouble, lastingTrouble } from './hungry.ts';
import type { Pool, Waiting } from './pool.ts';
import { step } from './step.ts';
import { tally, wantedConfig } from './tally.ts';

const PROBE = attachmentId({ network: '', containerId: 'probe', ifname: '' }); // no runtime may name one so

/**
 * Why an ADD that came now and waited so long at most would be refused: at once, or in the end where the cloud has
 * failed for as long; undefined: it would be served, or had reason to wait. By asking the pool itself, whose answer is
 * thrown away.
 */
export function refusalNow(
  pool: Pool,
  of: { readonly families: readonly Family[]; readonly patienceMs: Millis },
  now: Millis,
): Refusal | undefined {
  const { families, patienceMs } = of;
  const claim = { kind: 'claim', by: PROBE, families, wanted: [], until: now + patienceMs } as const;
  const after = step(pool, claim, now);
  for (const effect of after.effects) if (effect.kind === 'refuse' && effect.to === PROBE) return effect.refusal;
  const waits = after.pool.waiting.find(({ by }) => by === PROBE);
  return waits === undefined ? undefined : inVain(after.pool, waits, { patienceMs, now });
}

/** It would wait for what others have waited for as long already. */
function inVain(
  pool: Pool,
  it: Waiting,
  of: { readonly patienceMs: Millis; readonly now: Millis },
): Refusal | undefined {
  const { cloud } = pool;
  const { patienceMs, now } = of;
  if (cloud === undefined || it.promised.length > 0) return undefined;
  const trouble = lastingTrouble(cloud, patienceMs, now);
  const [family] = it.families;
  if (trouble === undefined || family === undefined) return undefined;
  return inTrouble(trouble, tally(pool, cloud, { family, config: wantedConfig(cloud, it), now }), now);
}
