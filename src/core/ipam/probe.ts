import type { Millis } from '../../base/clock.ts';
import type { Family } from '../../base/ip.ts';
import { attachmentId } from '../attachment.ts';
import type { Refusal } from '../refusal.ts';
import type { Pool } from './pool.ts';
import { step } from './step.ts';

const PROBE = attachmentId({ network: '', containerId: 'probe', ifname: '' }); // no runtime may name one so

/**
 * Why an ADD that came now and waited so long at most would be refused at once; undefined: it would be served, or had
 * reason to wait. By asking the pool itself, whose answer is thrown away.
 */
export function refusalNow(
  pool: Pool,
  of: { readonly families: readonly Family[]; readonly patienceMs: Millis },
  now: Millis,
): Refusal | undefined {
  const claim = { kind: 'claim', by: PROBE, families: of.families, wanted: [], until: now + of.patienceMs } as const;
  for (const effect of step(pool, claim, now).effects)
    if (effect.kind === 'refuse' && effect.to === PROBE) return effect.refusal;
  return undefined;
}
