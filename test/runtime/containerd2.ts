// containerd 2, which asks STATUS: Debian has it in its newest suite only. Its package is unpacked beside the machine,
// never installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../tools/go-install.ts';

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SUITE = 'sid';
const LIMIT_MS = 180_000;

/** The folder with containerd 2, its shim and ctr, or why there is none. */
export type Found = { readonly folder: string; readonly version: string } | { readonly missing: string };

/** Where containerd 2 is kept once it was fetched. */
export function containerd2Folder(): string {
  return join(cacheFolder(), 'containerd2');
}

/** Takes containerd 2 from the user's cache, else from the mirror that apt uses. Never throws. */
export function provideContainerd2(): Found {
  const kept = containerd2Folder();
  try {
    if (!existsSync(kept)) fetchInto(cacheFolder(), kept);
  } catch (cause) {
    return { missing: `containerd 2 cannot be fetched: ${lastLine((cause as Error).message)}` };
  }
  const folder = join(kept, 'usr/bin');
  const { status, stdout, stderr, error } = spawnSync(join(folder, 'containerd'), ['--version'], { encoding: 'utf8' });
  if (status !== 0) return { missing: `containerd 2 does not run here: ${error?.message ?? lastLine(stderr)}` };
  const version = / v?(\d+\.\S+?)(\+\S*)? /.exec(stdout)?.[1] ?? '';
  if (!version.startsWith('2.')) return { missing: `the newest containerd of Debian is ${stdout.trim()}` };
  return { folder, version };
}

/** Fetches and unpacks under a name of its own, so that an interrupted run leaves no half of it in `kept`. */
function fetchInto(cache: string, kept: string): void {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, '.containerd2-'));
  try {
    const env = { ...process.env, APT_CONFIG: privateApt(work) };
    const options = { cwd: work, env, timeout: LIMIT_MS, stdio: 'pipe', encoding: 'utf8' } as const;
    execFileSync('apt-get', ['update', '-q', '--error-on=any'], options);
    execFileSync('apt-get', ['download', '-q', 'containerd'], options);
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download left no package');
    execFileSync('dpkg', ['-x', archive, 'root'], options);
    renameSync(join(work, 'root'), kept);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** An apt that knows one suite and keeps everything in its own folder. Returns the path of its configuration. */
function privateApt(folder: string): string {
  for (const name of ['state/lists/partial', 'cache/archives/partial', 'none'])
    mkdirSync(join(folder, name), { recursive: true });
  const lines = [
    `Dir::State "${folder}/state";`,
    'Dir::State::status "/dev/null";', // nothing is installed there
    `Dir::Cache "${folder}/cache";`,
    `Dir::Etc::SourceList "${folder}/sources.list";`,
    `Dir::Etc::SourceParts "${folder}/none";`,
    `Dir::Etc::Preferences "/dev/null";`,
    `Dir::Etc::PreferencesParts "${folder}/none";`,
    'Acquire::Languages "none";',
    'APT::Sandbox::User "";', // its own user cannot read our folder
  ];
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYS}] ${debianMirror()} ${SUITE} main\n`);
  writeFileSync(join(folder, 'apt.conf'), lines.join('\n'));
  return join(folder, 'apt.conf');
}

/** Where the machine's own apt takes Debian from. */
function debianMirror(): string {
  const fields = ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'];
  const targets = execFileSync('apt-get', fields, { encoding: 'utf8' }).split('\n');
  const mirror = targets.find((line) => line.startsWith('Debian '))?.split(' ')[1];
  if (mirror === undefined) throw new Error('apt has no Debian mirror on this machine');
  return mirror;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
