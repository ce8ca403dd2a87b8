import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const GONE_MS = 10_000;

const SPACES = [
  ...['--mount', '--net', '--pid', '--fork', '--mount-proc', '--kill-child=KILL'],
  ...['--propagation', 'private'],
] as const;

/** A program that runs in namespaces of its own. */
export interface Stage {
  readonly folder: string; //  where it keeps its things: of stageFolder
  readonly program: string; // it is told "--inside FOLDER"
  readonly words: readonly string[];
  readonly clear?: (folder: string) => Promise<void>; // what outlives processes, at the end or at the next start
}

/** The folder of a stage: one for each user. */
export function stageFolder(name: string): string {
  return `${tmpdir()}/berth-${name}-${process.getuid?.() ?? 0}`;
}

/**
 * Runs a program in namespaces of our own, after taking away what an earlier one left. Answers its exit code. An
 * ordinary user is root in there.
 */
export async function launch(stage: Stage): Promise<number> {
  const { folder, program, words } = stage;
  await endLeftover(stage);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const self = [process.execPath, program, '--inside', folder, ...words];
  const child = spawn('unshare', [...user, ...SPACES, '--', ...self], { stdio: ['pipe', 'inherit', 'inherit'] });
  const owner = child.pid === undefined ? '' : `${child.pid} ${startTime(child.pid)}`;
  writeFileSync(ownerFile(folder), owner);
  if (child.pid !== undefined) writeEnter(folder, child.pid, user.length > 0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.stdin.end());
  const code = await new Promise<number>((resolve) => child.on('exit', (status) => resolve(status ?? 1)));
  // a later start may have ended us, and have the folder now
  if (existsSync(ownerFile(folder)) && readFileSync(ownerFile(folder), 'utf8') === owner) await remove(stage);
  return code;
}

/** It names the process whose end is everybody's end: pid and start time. */
function ownerFile(folder: string): string {
  return `${folder}/owner`;
}

/** A script that runs a command in the stage's namespaces: what is known there by its number is not known outside. */
function writeEnter(folder: string, owner: number, user: boolean): void {
  const spaces = ['--mount', '--net', '--pid', ...(user ? ['--user', '--preserve-credentials'] : [])].join(' ');
  const first = `$(cut -d ' ' -f 1 /proc/${owner}/task/${owner}/children)`;
  const text = `#!/bin/sh\nexec nsenter --target "${first}" ${spaces} -- env --chdir="$PWD" "$@"\n`;
  writeFileSync(`${folder}/enter`, text, { mode: 0o755 });
}

/** Ends the process tree whose launcher was killed: its number must still belong to the same process. */
async function endLeftover(stage: Stage): Promise<void> {
  const owner = ownerFile(stage.folder);
  if (existsSync(owner)) {
    const [pid = '', since = ''] = readFileSync(owner, 'utf8').split(' ');
    if (since !== '' && startTime(Number(pid)) === since) await endTree(Number(pid));
  }
  await remove(stage);
}

/** Kills the owner. Its child, the first of the PID namespace, ends last of all in there. */
async function endTree(owner: number): Promise<void> {
  const children = readFileSync(`/proc/${owner}/task/${owner}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const firsts = children.map((pid) => ({ pid, since: startTime(pid) }));
  process.kill(owner, 'SIGKILL');
  const until = performance.now() + GONE_MS;
  while (firsts.some(({ pid, since }) => startTime(pid) === since) && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * Moves the folder out of the way first: whoever makes it anew meanwhile must not lose his. What somebody moved who was
 * killed then is taken away as well.
 */
async function remove({ folder, clear }: Stage): Promise<void> {
  const mine = `${folder}-${process.pid}`;
  try {
    renameSync(folder, mine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // others were faster, or there is none
  }
  for (const name of readdirSync(dirname(folder))) {
    const [stage, pid = ''] = name.split(/-(?=\d+$)/);
    if (stage !== basename(folder) || pid === '') continue;
    if (Number(pid) !== process.pid && startTime(Number(pid)) !== '') continue;
    const away = join(dirname(folder), name);
    await clear?.(away);
    rmSync(away, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Field 22 of /proc/<pid>/stat, "" when there is no such process, or it only waits to be fetched by its parent. */
function startTime(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
