import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { INSTALLED_LOOK_MS } from '../../core/datapath/numbers.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import type { Tended, Tending } from '../../io/system/kept-files.ts';
import type { Meter } from './doors.ts';

export interface InstallDoors {
  readonly files: { tend(tending: Tending): readonly Tended[] };
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Pick<Meter, 'repaired'>;
  /** As it is configured now. */
  readonly which: () => AgentConfig['repair']['installation'];
  /** Whether an ADD would succeed now. */
  readonly serving: () => boolean;
}

/**
 * Looks again and again whether the runtime still finds what `berth install` put there for it, and puts it back. What
 * cannot be put back is told once, until that changes. The answer ends it.
 */
export function keepInstalled({ files, clock, log, meter, which, serving }: InstallDoors): () => void {
  let cancel = () => {};
  const told = new Map<string, string>();
  const tell = ({ path, was, because }: Tended) => {
    if (because === undefined) {
      meter.repaired('installation', 1);
      log.warn('put back', { path, was });
    } else if (told.get(path) !== because) log.error('not put back', { path, was, because });
    told.set(path, because ?? '');
  };
  const look = () => {
    const wanted = which();
    try {
      if (wanted !== 'never') files.tend({ which: wanted, serving: serving() }).forEach(tell);
    } catch (error) {
      tell({ path: 'manifest.json', was: 'altered', because: error instanceof Error ? error.message : String(error) });
    }
    cancel = clock.timer(INSTALLED_LOOK_MS, look);
  };
  look();
  return () => cancel();
}
