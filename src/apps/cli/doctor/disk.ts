import type { Finding } from '../../../wire/agent/status.ts';
import { bad, doubtful, good, type NodeView } from './view.ts';

const LEAST_BYTES = 64 * 1024 * 1024; // a journal, its successor and its snapshot, several times
const LEAST_INODES = 1_000; //           a DEL in the spool is a file

/** Can claims be put on record, and DELs be spooled? */
export function checkDisk({ files, config }: NodeView): readonly Finding[] {
  return [config.paths.state, config.paths.spool].map((path) => {
    const { freeBytes, freeInodes, writable } = files.space(path);
    const mib = Math.floor(freeBytes / 2 ** 20);
    if (!writable) return bad('disk', `${path} cannot be written`, 'remount it, or mend its permissions');
    if (mib === 0 || freeInodes === 0) return bad('disk', `${path} is full: no ADD can be put on record`, 'make room');
    if (freeBytes < LEAST_BYTES || freeInodes < LEAST_INODES)
      return doubtful('disk', `${path} has ${mib} MiB and ${freeInodes} inodes left`, 'make room');
    return good('disk', `${path} is writable, ${mib} MiB free`);
  });
}

const EARLIEST = Date.UTC(2026, 0, 1); // before Berth was

/** Cooling and the order of decisions go by the wall clock. */
export function checkClock({ files, config, now }: NodeView): readonly Finding[] {
  const date = new Date(now).toISOString();
  if (now < EARLIEST) return [bad('clock', `it is not ${date}`, 'set the clock, and keep it with NTP')];
  const written = files
    .names(config.paths.state)
    .flatMap((name) => files.modifiedAt(`${config.paths.state}/${name}`) ?? []);
  const last = Math.max(0, ...written);
  if (last <= now + 60_000) return [good('clock', date)];
  const says = `the journal was written at ${new Date(last).toISOString()}, later than now: ${date}`;
  return [doubtful('clock', says, 'set the clock, and keep it with NTP; addresses cool longer than they should')];
}
