// What a command needs beyond npm's packages: programs of the machine, and what is built from our own sources.
// Nothing is installed silently: as root in CI the Debian packages are installed, everywhere else the exact command is printed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter } from 'node:path';

/** A program, and the Debian package that has it. */
const PACKAGES: Readonly<Record<string, string>> = {
  cc: 'gcc libc6-dev',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  nft: 'nftables',
  iptables: 'iptables',
  conntrack: 'conntrack',
  'musl-gcc': 'musl-tools',
  containerd: 'containerd',
  runc: 'runc',
  busybox: 'busybox-static',
  podman: 'podman',
  'cni/loopback': 'containernetworking-plugins', // in /usr/lib
};

interface Need {
  readonly programs: readonly string[];
  readonly shim: boolean;
}

const NAMESPACES = ['ip', 'nsenter', 'unshare'];
const EVERYTHING = Object.keys(PACKAGES);

/** What each command needs; a command that is not here needs nothing. */
const NEEDS: Readonly<Record<string, Need>> = {
  demo: { programs: ['cc', ...NAMESPACES], shim: true },
  build: { programs: ['cc'], shim: true },
  conformance: { programs: ['cc', ...NAMESPACES, 'nft'], shim: true },
  bench: { programs: ['cc', ...NAMESPACES, 'nft', 'iptables'], shim: true },
  torture: { programs: ['cc', ...NAMESPACES, 'nft'], shim: true },
  ci: { programs: EVERYTHING, shim: true },
};

const command = process.argv[2] ?? '';
const need = NEEDS[command];
if (need !== undefined) {
  provide(need.programs.filter((program) => !found(program)));
  if (need.shim && !fresh('build/berth-cni', 'native/shim')) run('node', ['tools/build.ts']);
  if (need.shim) run('node', ['tools/bundle.ts']); // half a second: always that of the sources as they are
}

function provide(missing: readonly string[]): void {
  if (missing.length === 0) return;
  const packages = [...new Set(missing.flatMap((program) => (PACKAGES[program] ?? program).split(' ')))];
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  if (process.env['CI'] === 'true' && process.getuid?.() === 0) {
    run('apt-get', ['update', '-q']);
    run('apt-get', install);
    return;
  }
  const how = process.getuid?.() === 0 ? 'apt-get' : 'sudo apt-get';
  console.error(`berth: "${command}" needs ${missing.join(', ')}. On Debian: ${how} ${install.join(' ')}`);
  process.exit(2);
}

function found(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/lib'];
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}

/** Whether a built file is newer than every source it is made of. */
function fresh(built: string, sources: string): boolean {
  if (!existsSync(built)) return false;
  const since = statSync(built).mtimeMs;
  return readdirSync(sources).every((name) => statSync(`${sources}/${name}`).mtimeMs <= since);
}

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', process.stderr.fd, process.stderr.fd] });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
