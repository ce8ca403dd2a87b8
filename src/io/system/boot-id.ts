import { readFileSync } from 'node:fs';

/**
 * What the kernel calls this boot: another one after every start of the machine (proc(5), random/boot_id). Throws when
 * there is no /proc.
 */
export function readBootId(path = '/proc/sys/kernel/random/boot_id'): string {
  return readFileSync(path, 'utf8').trim();
}
