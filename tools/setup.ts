// node tools/setup.ts COMMAND: what a command needs beyond npm's packages: programs of the machine, and what is built
// from our own sources. Nothing is installed silently: root is told what apt-get will install, and asked where somebody
// sits at a terminal; everybody else is told what to type.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter } from 'node:path';
import { createInterface } from 'node:readline/promises';

/** A program, and the Debian packages that bring it. */
const PACKAGES = {
  cc: 'gcc libc6-dev musl-tools', // musl-tools: without it the executable is linked with glibc, and four times as large
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
  curl: 'curl',
  'nc.openbsd': 'netcat-openbsd', // in pods of Kubernetes' own tests
  dig: 'bind9-dnsutils',
  'cni/loopback': 'containernetworking-plugins',
  'python3 -m venv': 'python3-venv', // zig, for the other architecture; others' clients of EC2
} as const;
type Program = keyof typeof PACKAGES;

/** What CI is more complete with: where it cannot be had, the tests that want it are skipped and say so. */
const OPTIONAL: Readonly<Record<string, string>> = {
  'qemu-aarch64-static': 'qemu-user-static', // runs the executable of the other architecture
  'systemd-analyze': 'systemd', //              reads the unit
};

interface Need {
  readonly programs: readonly Program[];
  readonly builds: boolean; // the CNI executable and the bundle
  readonly clients?: boolean; // of EC2, in Python
}

const NAMESPACES = ['ip', 'nsenter', 'unshare'] as const;

/** Of real nodes: the runtime, and what kube-proxy calls. */
const REAL_NODES = ['nft', 'iptables', 'conntrack', 'containerd', 'runc', 'busybox', 'cni/loopback'] as const;

/** What each command needs; a command that is not here needs nothing. */
const NEEDS: Readonly<Record<string, Need>> = {
  demo: { programs: ['cc', ...NAMESPACES], builds: true },
  build: { programs: ['cc'], builds: true },
  conformance: { programs: ['cc', ...NAMESPACES, 'nft'], builds: true },
  bench: { programs: ['cc', ...NAMESPACES, 'nft', 'iptables'], builds: true },
  'bench-aws': { programs: ['cc', ...NAMESPACES, 'nft'], builds: true },
  'bench-cluster': { programs: ['cc', ...NAMESPACES, ...REAL_NODES], builds: true },
  'bench-scale': { programs: ['cc', ...NAMESPACES], builds: true },
  image: { programs: ['cc'], builds: true },
  krew: { programs: ['cc'], builds: true },
  cluster: { programs: ['cc', ...NAMESPACES, ...REAL_NODES], builds: true },
  e2e: { programs: ['cc', ...NAMESPACES, ...REAL_NODES, 'curl', 'nc.openbsd', 'dig'], builds: true },
  'torture-cluster': { programs: ['cc', ...NAMESPACES, ...REAL_NODES], builds: true },
  torture: { programs: ['cc', ...NAMESPACES, 'nft'], builds: true },
  ci: { programs: Object.keys(PACKAGES) as Program[], builds: true, clients: true },
};

const command = process.argv[2] ?? '';
const need = NEEDS[command];
if (need !== undefined) {
  await provide(need.programs.filter((program) => !found(program)));
  if (command === 'ci') complete(Object.keys(OPTIONAL).filter((program) => !found(program)));
  if (need.builds && !fresh('build/berth-cni', ['native/shim', 'tools/build.ts'])) run('node', ['tools/build.ts']);
  if (need.clients === true) spawnSync('node', ['tools/python-clients.ts'], { stdio: 'inherit' }); // it may fail
  if (need.builds) run('node', ['tools/bundle.ts']); // half a second: always that of the sources as they are
}

async function provide(missing: readonly Program[]): Promise<void> {
  if (missing.length === 0) return;
  const packages = [...new Set(missing.flatMap((program) => PACKAGES[program].split(' ')))];
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
  console.error(`berth: "${command}" needs ${missing.join(', ')}`);
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get') || !(await agreed(install.join(' ')))) {
    console.error(`berth: on Debian: ${isRoot ? '' : 'sudo '}${install.join(' ')}`);
    process.exit(2);
  }
  console.error(`berth: ${install.join(' ')}`);
  run('apt-get', ['update', '-q']);
  run('apt-get', install.slice(1));
}

/** Installs what CI can do without, where that is possible, and goes on where not. */
function complete(missing: readonly string[]): void {
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing.flatMap((it) => OPTIONAL[it] ?? [])];
  console.error(`berth: apt-get ${install.join(' ')}`);
  if (!succeeds('apt-get', ['update', '-q']) || !succeeds('apt-get', install))
    console.error(`berth: not installed; the tests that need ${missing.join(', ')} are skipped`);
}

/** Asks whoever sits at a terminal. In a script and in CI the command line is answer enough. */
async function agreed(what: string): Promise<boolean> {
  if (process.env['CI'] === 'true' || !process.stdin.isTTY || !process.stderr.isTTY) return true;
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await reader.question(`berth: ${what} [Y/n] `);
  reader.close();
  return /^(y(es)?)?$/i.test(answer.trim());
}

function found(program: string): boolean {
  if (program === 'python3 -m venv')
    return (
      ['zig/bin/python-zig', 'clients/requirements.txt'].every((it) => existsSync(`.toolchain/${it}`)) ||
      succeeds('python3', ['-c', 'import ensurepip, venv'])
    );
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/lib'];
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}

/** Whether a built file is newer than everything it is made of. */
function fresh(built: string, sources: readonly string[]): boolean {
  if (!existsSync(built)) return false;
  const since = statSync(built).mtimeMs;
  const files = sources.flatMap((source) =>
    statSync(source).isDirectory() ? readdirSync(source).map((name) => `${source}/${name}`) : [source],
  );
  return files.every((file) => statSync(file).mtimeMs <= since);
}

function succeeds(program: string, args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(program, args, { stdio: 'ignore', env }).status === 0;
}

/** What it prints goes to stderr: stdout belongs to the command that follows. */
function run(program: string, args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', process.stderr.fd, process.stderr.fd], env });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
