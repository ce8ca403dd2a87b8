import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A group of processes in each hierarchy: one folder in each. */
export type Cgroup = readonly string[];

const GONE_MS = 5_000;

/** What a cpuset wants to be told before it takes a process. */
const CPUSET = ['cpuset.cpus', 'cpuset.mems'] as const;

/** Where a group below another is. */
export function below(group: Cgroup, name: string): Cgroup {
  return group.map((folder) => join(folder, name));
}

/** Makes a group. Present = success. */
export function makeCgroup(group: Cgroup): void {
  for (const folder of group) {
    mkdirSync(folder, { recursive: true });
    for (const file of CPUSET)
      if (existsSync(join(folder, file)))
        writeFileSync(join(folder, file), readFileSync(join(dirname(folder), file), 'utf8'));
  }
}

/** Removes a group and all below it, waiting for the last of its processes to be gone. Absent = success. */
export async function removeCgroup(group: Cgroup): Promise<void> {
  const end = performance.now() + GONE_MS;
  for (const folder of group)
    while (!removeFolder(folder)) {
      if (performance.now() > end) throw new Error(`somebody is still in ${folder}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

/**
 * The group that this process is in, as lines such as "8:pids:/user" of /proc/self/cgroup tell. A group of ours below
 * it has its limits. Throws where this machine has only the unified hierarchy: there a group with processes can have no
 * groups with controllers below it.
 */
export function ownCgroup(): Cgroup {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n').filter(Boolean);
  const group = lines.flatMap((line) => {
    const [, controllers = '', ...path] = line.split(':');
    const hierarchy = controllers === '' ? 'unified' : controllers.replace(/^name=/, '');
    const mount = join('/sys/fs/cgroup', hierarchy);
    return existsSync(mount) ? [join(mount, path.join(':'))] : [];
  });
  if (group.length < 2) throw new Error('a cluster needs cgroup v1 hierarchies under /sys/fs/cgroup');
  return group;
}

/** Deepest first: its files go with the folder. False: a process is in it, or below. Others may remove it meanwhile. */
function removeFolder(folder: string): boolean {
  try {
    const inside = readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory());
    if (!inside.every(({ name }) => removeFolder(join(folder, name)))) return false;
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY') return false;
    if (code === 'ENOENT') return true;
    throw error;
  }
}
