import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DiskError } from '../../../src/io/store/disk.ts';
import { lockState } from '../../../src/io/store/lock.ts';
import { gone } from '../../demo/processes.ts';
import type { Progress } from './progress.ts';
import { isBuilt, type Recipe, shelf } from './recipe.ts';

const LIMIT_MS = 60 * 60_000; // two busy cores need eighteen minutes
const LOOK_MS = 500;

/** What the log of a build says at last. */
const LAST_LINES = 15;

/**
 * The folder with what a recipe makes. Builds it where it is not on the shelf; whoever comes meanwhile, from whatever
 * clone, waits for that. A build that was killed leaves nothing that would be taken for a result: files appear by a
 * rename. Throws with the end of the log.
 */
export async function buildOnShelf(recipe: Recipe, progress: Progress): Promise<string> {
  const folder = shelf(recipe);
  const end = Date.now() + LIMIT_MS;
  while (!isBuilt(recipe)) {
    const release = tryLock(folder);
    if (release !== undefined) {
      try {
        if (!isBuilt(recipe)) await build(recipe, folder, progress);
      } finally {
        release();
      }
    } else if (Date.now() > end) throw new Error(`somebody else builds ${folder} for more than an hour`);
    else await shown(folder, progress);
  }
  progress.end();
  return folder;
}

/** Two steps: its packages and what they are made of, which fetches them; and the build. */
async function build(recipe: Recipe, folder: string, progress: Progress): Promise<void> {
  const source = join(folder, 'source');
  rmSync(source, { recursive: true, force: true });
  for (const name of readdirSync(folder).filter((it) => it.endsWith('.partial'))) rmSync(join(folder, name));
  mkdirSync(source, { recursive: true });
  for (const [name, text] of Object.entries(recipe.files)) writeFileSync(join(source, name), text);
  const [packages, log] = [join(folder, 'packages.txt'), join(folder, 'build.log')];
  writeFileSync(log, '');
  writeFileSync(packages, '');
  const look = () => shown(folder, progress);
  const wanted = Object.values(recipe.products);
  await go(recipe, source, { args: ['list', '-deps', ...wanted], out: packages, log, look });
  for (const [product, of] of Object.entries(recipe.products)) {
    const partial = join(folder, `${product}.partial`);
    await go(recipe, source, { args: ['build', '-v', ...recipe.flags, '-o', partial, of], out: log, log, look });
    renameSync(partial, join(folder, product));
  }
}

interface Work {
  readonly args: readonly string[];
  readonly out: string;
  readonly log: string;
  readonly look: () => Promise<void>;
}

/** At the lowest priority: other work of the machine goes first. It ends with us. */
async function go(recipe: Recipe, source: string, { args, out, log, look }: Work): Promise<void> {
  const child = spawn('nice', ['-n', '19', 'go', ...args], {
    cwd: source,
    env: { ...process.env, ...recipe.env },
    stdio: ['ignore', openSync(out, 'a'), openSync(log, 'a')],
  });
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const timer = setTimeout(stop, LIMIT_MS);
  try {
    await finished(child, look);
  } finally {
    clearTimeout(timer);
    process.off('exit', stop);
  }
  if (child.exitCode !== 0) throw new Error(`go ${args[0]} failed:\n${lines(log).slice(-LAST_LINES).join('\n')}`);
}

async function finished(child: ChildProcess, look: () => Promise<void>): Promise<void> {
  const ended = gone(child);
  while (child.exitCode === null && child.signalCode === null) await Promise.race([ended, look()]);
}

/** Shows how far the build in a folder is, ours or another's, and lets some time pass. */
async function shown(folder: string, progress: Progress): Promise<void> {
  const total = lines(join(folder, 'packages.txt')).length;
  const done = lines(join(folder, 'build.log')).filter((line) => !line.startsWith('go: ')).length;
  progress.show({ done, total });
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

function lines(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

/** Undefined: somebody else has it. Who ends, however, has it no more. */
function tryLock(folder: string): (() => void) | undefined {
  try {
    return lockState(folder);
  } catch (error) {
    if (error instanceof DiskError && error.kind === 'denied') return undefined;
    throw error;
  }
}
