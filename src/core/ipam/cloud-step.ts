import type { Millis } from '../../base/clock.ts';
import { type Address, contains, type Prefix } from '../../base/ip.ts';
import type { AttachmentId } from '../attachment.ts';
import { answered, askSurely, reportFailed, withAddress, without } from './answered.ts';
import type { Cloud, Nic } from './cloud.ts';
import type { CloudEffect, CloudEvent } from './cloud-event.ts';
import type { NicId, Token } from './nic.ts';
import { askSingle } from './grow.ts';
import { keptAddresses } from './keep.ts';
import { blocksOf } from './nic-blocks.ts';
import type { Pool } from './pool.ts';
import { type Change, reported } from './reported.ts';
import { promiseAnew, withNicBlocks } from './slots.ts';
import { LIMITS, troubled, withoutTrouble } from './trouble.ts';

interface Absorbed {
  readonly pool: Pool;
  readonly effects: readonly CloudEffect[];
}

/** What the cloud, the kernel or the cluster told, absorbed. A pool without a cloud hears nothing of it. */
export function absorbCloud(pool: Pool, event: CloudEvent, now: Millis): Absorbed {
  if (pool.cloud === undefined) return { pool, effects: [] };
  const heard = hear(pool.cloud, event, now);
  const next = { ...pool, cloud: heard.cloud };
  const same = heard.cloud.nics === pool.cloud.nics && heard.cloud.placing === pool.cloud.placing;
  const moved = same ? next : withNicBlocks(promiseAnew(next), blocksOf(heard.cloud, keptAddresses(next)));
  const effects: CloudEffect[] = [];
  if (heard.settled.length > 0) effects.push({ kind: 'settle', tokens: heard.settled });
  for (const { nic, what, whole } of heard.lost)
    effects.push({ kind: 'lost', nic, what, whole, claims: claimsOn(pool, what) });
  for (const { nic, what, taken } of heard.found) effects.push({ kind: 'found', nic, what, taken });
  return { pool: moved, effects };
}

interface Hearing {
  readonly cloud: Cloud;
  readonly settled: readonly Token[];
  readonly lost: readonly Change[];
  readonly found: readonly (Change & { readonly taken: boolean })[];
}

function hear(cloud: Cloud, event: CloudEvent, now: Millis): Hearing {
  const only = (next: Cloud, settled: readonly Token[] = []): Hearing => ({
    cloud: next,
    settled,
    lost: [],
    found: [],
  });
  switch (event.kind) {
    case 'limits':
      return only({ ...withoutTrouble(cloud, LIMITS), limits: event.limits });
    case 'limitsFailed':
      return only(troubled(cloud, { scope: LIMITS, failure: event.failure, salt: cloud.policy.owner }, now));
    case 'cordoned':
      return only({ ...cloud, cordoned: event.cordoned });
    case 'placing':
      return only({ ...cloud, placing: event.placing });
    case 'expected':
      return only({ ...cloud, expected: Math.max(0, event.pods) });
    case 'reported':
      return reported(cloud, event, now);
    case 'reportFailed':
      return only(reportFailed(cloud, event, now));
    case 'brought':
      return only(withAddress(cloud, event, now));
    case 'sentAway':
      return only(without(cloud, event.nic, { what: [event.what], now }));
    case 'single':
      return only(askSingle(cloud, now).cloud);
    case 'nicReady':
      return only(withNic(cloud, event.nic, (nic) => ({ ...nic, ready: true, goneAt: undefined })));
    case 'nicGone':
      return only(
        askSurely(
          withNic(cloud, event.nic, (nic) => vanished(nic, now)),
          now,
        ),
      );
    default: {
      const { cloud: next, settled } = answered(cloud, event, now);
      return only(next, settled);
    }
  }
}

function withNic(cloud: Cloud, id: NicId, change: (nic: Nic) => Nic): Cloud {
  return { ...cloud, nics: cloud.nics.map((nic) => (nic.report.id === id ? change(nic) : nic)) };
}

/** Its link is gone: we may be giving it back ourselves. */
function vanished(nic: Nic, now: Millis): Nic {
  return { ...nic, ready: false, goneAt: now, trust: nic.trust === 'leaving' ? 'leaving' : 'unsure' };
}

/** Who holds any of these addresses, or one of these ranges. */
function claimsOn({ slots }: Pool, what: Change['what']): readonly AttachmentId[] {
  const single = new Set(what);
  const ranges = what.filter((it) => it.includes('/')) as readonly Prefix[];
  const found = new Set<AttachmentId>();
  for (const [address, slot] of slots) {
    if (slot.state !== 'claimed') continue;
    if (single.has(address as Address) || ranges.some((range) => contains(range, address))) found.add(slot.by);
  }
  return [...found];
}
