import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** The command, with a folder of its own, so that it meets no other cluster of this machine. */
export function clusterCommand(folder: string, ...args: readonly string[]): ChildProcess {
  const env = { ...process.env, TMPDIR: folder };
  return spawn(process.execPath, ['tools/cluster.ts', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** How a command ended, and what it said from now on. */
export function outcome(child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (said += String(bytes)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

/** The cgroups that clusters under a folder have still. */
export function groupsLeft(folder: string): readonly string[] {
  return foldersIn('/sys/fs/cgroup').filter((path) => path.includes(folder.replaceAll('/', '-')));
}

/** All folders below one; those of other clusters go at any moment. */
function foldersIn(path: string): readonly string[] {
  try {
    const inner = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return inner.flatMap(({ name }) => [`${path}/${name}`, ...foldersIn(`${path}/${name}`)]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
