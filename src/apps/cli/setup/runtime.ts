import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeVersion } from '../doctor/view.ts';

const PROGRAMS = [
  { name: 'containerd', program: 'containerd' }, // "containerd github.com/containerd/containerd 1.6.20~ds1 …"
  { name: 'cri-o', program: 'crio' }, //            "crio version 1.31.0"
  { name: 'podman', program: 'podman' }, //         "podman version 4.3.1"
] as const;

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The container runtime of a node, by what its program says of itself; the one a kubelet would use comes first. */
export function findRuntime(root = '/'): RuntimeVersion | undefined {
  for (const { name, program } of PROGRAMS) {
    const path = FOLDERS.map((folder) => join(root, folder, program)).find((it) => existsSync(it));
    const version = path === undefined ? undefined : versionOf(path);
    if (version !== undefined) return { name, version };
  }
  return undefined;
}

/**
 * Whether a runtime takes a list of cniVersion 1.1.0; undefined: not known. containerd below 2 refuses such a list
 * whole, podman's CNI backend takes 1.0.0 at most: both were tried.
 */
export function speaksCni11({ name, version }: RuntimeVersion): boolean | undefined {
  if (name === 'cri-o') return undefined;
  return name === 'containerd' && Number(version.split('.')[0]) >= 2;
}

function versionOf(path: string): string | undefined {
  try {
    const said = execFileSync(path, ['--version'], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /\bv?(\d+\.\d+\.\d+)/.exec(said)?.[1];
  } catch {
    return undefined; // not for this machine, or broken: then it starts no pods either
  }
}
