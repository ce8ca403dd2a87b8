import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import type { ImageFile } from './oci.ts';

/** Libraries that programs ask for by name when they are wanted: names of hosts (glibc, nsswitch.conf(5)). */
const ASKED_LATER = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/** The libraries that programs are linked with, where their linker looks for them. */
export function libraries(programs: readonly string[]): readonly ImageFile[] {
  const said = programs.map((program) => execFileSync('ldd', [program], { encoding: 'utf8' })).join('\n');
  const paths = new Set(said.split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []));
  const folder = [...paths].find((path) => path.includes('/libc.so'))?.replace(/\/libc\.so.*$/, '') ?? '/lib';
  for (const name of ASKED_LATER) paths.add(`${folder}/${name}`);
  return [...paths].map((path) => ({
    path: path.replace(/^\//, ''),
    bytes: readFileSync(realpathSync(path)),
    mode: 0o755,
  }));
}
