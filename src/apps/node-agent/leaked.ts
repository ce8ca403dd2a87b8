import type { Millis } from '../../base/clock.ts';
import { hash64 } from '../../base/hash.ts';
import type { Logger } from '../../base/log.ts';
import type { NicProvider } from '../../io/cloud/provider.ts';

interface LeakDoors {
  readonly nodeName: string;
  readonly provider: NicProvider;
  readonly log: Logger;
  readonly later: (ms: Millis, then: () => void) => void;
}

const COLLECT_MS: Millis = 3_600_000;
const FIRST_MS: Millis = 180_000; // a NIC on its way to its instance is no leak
const SPREAD_MS: Millis = 900_000; // nodes that started together do not look together: all of them share a quota
const AT_MOST = 10;

/** From now on NICs that nobody has are looked for, and deleted. Never throws. */
export function collectLeaked(doors: LeakDoors): void {
  doors.later(FIRST_MS + spreadOf(doors.nodeName), () => void collect(doors));
}

async function collect(doors: LeakDoors): Promise<void> {
  const { provider, log, later } = doors;
  let all = true;
  try {
    const gone = await provider.collectLeaked(AT_MOST);
    all = gone.length < AT_MOST;
    if (gone.length > 0) log.warn('leaked NICs deleted', { nics: gone });
  } catch (err) {
    log.warn('leaked NICs not collected', { err });
  }
  later(all ? COLLECT_MS : FIRST_MS, () => void collect(doors));
}

/** A node's own part of the time over which all nodes spread what they do seldom. */
function spreadOf(nodeName: string): Millis {
  return Number(hash64(nodeName) % BigInt(SPREAD_MS));
}
