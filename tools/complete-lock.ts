// Puts into package-lock.json the optional packages of other platforms that npm left out. npm does that when its
// registry does not have one of them, without a word, and then "npm ci" refuses its own file. They are never
// downloaded on this platform.
//   node tools/complete-lock.ts           after every "npm install"
//   node tools/complete-lock.ts --check   only says what is missing
import { readFileSync, writeFileSync } from 'node:fs';

interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly license?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  packages: Readonly<Record<string, Entry>>;
}

const FILE = 'package-lock.json';
const PLATFORM =
  /(darwin|win32|android|freebsd|openharmony|linux)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x)(?:-(\w+))?$/;

const lock = JSON.parse(readFileSync(FILE, 'utf8')) as Lock;
const missing = Object.entries(lock.packages).flatMap(([at, entry]) =>
  at === ''
    ? []
    : Object.entries(entry.optionalDependencies ?? {}).flatMap(([name, version]) => absent(name, version, entry)),
);
if (process.argv.includes('--check')) {
  for (const [at] of missing) console.log(`${FILE}: lacks ${at}; node tools/complete-lock.ts`);
  process.exitCode = missing.length === 0 ? 0 : 1;
} else if (missing.length > 0) {
  const all = [...Object.entries(lock.packages), ...missing].sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(all) }, null, 2)}\n`);
}

/** The entry of a package that has none, made from its name. Without a checksum: npm takes that from the registry. */
function absent(name: string, version: string, of: Entry): readonly (readonly [string, Entry])[] {
  const at = `node_modules/${name}`;
  if (lock.packages[at] !== undefined) return [];
  const [, os = '', cpu = '', rest = ''] = PLATFORM.exec(name) ?? [];
  if (os === '') throw new Error(`${name}: its name does not tell its platform`);
  const libc = os === 'linux' ? { libc: [rest.startsWith('musl') ? 'musl' : 'glibc'] } : {};
  const { dev = false, license = '' } = of;
  const entry = { version, cpu: [cpu], ...(dev ? { dev } : {}), ...libc, license, optional: true, os: [os] };
  return [[at, entry]];
}
