import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../../go-install.ts';

const SOURCES = resolve(import.meta.dirname, '../../../native/kubernetes');

/** The version that is built unless another is asked for, and the one of CI. */
export const STANDARD = '1.34.4';

/** How one version of Kubernetes is built. The same recipe makes the same bytes. */
export interface Recipe {
  readonly version: string;
  readonly files: Readonly<Record<string, string>>; // of the module, by their names
  readonly flags: readonly string[]; //                of "go build"
  readonly env: Readonly<Record<string, string>>; //   beside the user's own
  readonly compiler: string; //                        what "go version" says
}

/** The versions that have a folder under native/kubernetes, newest last. */
export function kubernetesVersions(): readonly string[] {
  const folders = readdirSync(SOURCES, { withFileTypes: true }).filter((it) => it.isDirectory());
  return folders.map(({ name }) => name).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Throws RangeError for a version that has no folder, and Error where there is no Go. */
export function recipeOf(version: string): Recipe {
  const folder = join(SOURCES, version);
  if (!existsSync(join(folder, 'go.mod')))
    throw new RangeError(`Kubernetes ${version} has no module here; there are ${kubernetesVersions().join(', ')}`);
  const files = {
    'go.mod': readFileSync(join(folder, 'go.mod'), 'utf8'),
    'go.sum': readFileSync(join(folder, 'go.sum'), 'utf8'),
    'main.go': readFileSync(join(SOURCES, 'main.go'), 'utf8'),
  };
  return { version, files, flags: flagsOf(version), env: ENV, compiler: compiler() };
}

/** No cgo: one static file. No other Go than the installed one, and none of the user's flags. */
const ENV = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '', GOWORK: 'off' } as const;

/** Without paths and symbols, and with the version that servers and clients tell of themselves. */
function flagsOf(version: string): readonly string[] {
  const [major = '', minor = ''] = version.split('.');
  const named = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
    `-X ${path}.gitVersion=v${version}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
  ]);
  return ['-trimpath', '-buildvcs=false', '-ldflags', ['-s', '-w', ...named].join(' ')];
}

function compiler(): string {
  const { status, stdout } = spawnSync('go', ['version'], { encoding: 'utf8', env: { ...process.env, ...ENV } });
  if (status !== 0) throw new Error('Kubernetes is built from its sources: Go (1.24 or newer) must be installed');
  return stdout.trim();
}

/** What a recipe makes is kept under this name: another key for whatever could make other bytes. */
export function keyOf({ files, flags, env, compiler: by }: Recipe): string {
  const hash = createHash('sha256').update(JSON.stringify([files, flags, env, by]));
  return hash.digest('hex').slice(0, 16);
}

/** Where a built one is kept: outside of the tree, so that every clone of a user has it. */
export interface Shelf {
  readonly folder: string;
  readonly executable: string; // there once it is whole
}

export function shelf(recipe: Recipe): Shelf {
  const folder = join(cacheFolder(), 'kube', keyOf(recipe));
  return { folder, executable: join(folder, 'berth-kube') };
}

/** Where the standard version is, when somebody has built it: "npm run cluster -- --build". */
export function builtKubernetes(): string | undefined {
  try {
    const { executable } = shelf(recipeOf(STANDARD));
    return existsSync(executable) ? executable : undefined;
  } catch {
    return undefined; // no Go: nobody has built it with that
  }
}
