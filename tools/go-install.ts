import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const LIMIT_MS = 15 * 60_000;

/** The user's cache folder of this project: XDG base directory specification. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'berth');
}

/**
 * Builds programs from their Go modules into a folder, each group of packages (of one module and version) by itself:
 * beside its place, and renamed into it, so that a half-built folder is never found, and of two builders the first
 * wins. Throws Error with what Go said.
 */
export function installByGo(directory: string, groups: readonly (readonly string[])[]): void {
  mkdirSync(cacheFolder(), { recursive: true });
  const unfinished = mkdtempSync(`${directory}.`);
  try {
    for (const packages of groups)
      execFileSync('go', ['install', '-ldflags=-s -w', ...packages], {
        cwd: unfinished,
        env: { ...process.env, GOBIN: unfinished, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: LIMIT_MS,
      });
    settle(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function settle(unfinished: string, directory: string): void {
  try {
    renameSync(unfinished, directory);
  } catch (error) {
    if (!existsSync(directory)) throw error; // else another builder was first, with the same files
  }
}
