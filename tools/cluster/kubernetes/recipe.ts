import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { cacheFolder } from '../../go-install.ts';

const NATIVE = resolve(import.meta.dirname, '../../../native');

/** The version that is built unless another is asked for, and the one of CI. */
export const STANDARD = '1.37.2';

/** A Go module of ours: its folder under native/, with one for each version, and what it makes of which package. */
interface Module {
  readonly folder: string;
  readonly products: Readonly<Record<string, string>>;
  readonly tells: boolean; // its version, as Kubernetes does
}

const KUBERNETES: Module = { folder: 'kubernetes', products: { 'berth-kube': '.' }, tells: true };
const SUITE: Module = {
  folder: 'e2e',
  products: { 'berth-e2e': '.', agnhost: 'k8s.io/kubernetes/test/images/agnhost' },
  tells: true,
};
const DNS: Module = { folder: 'dns', products: { 'berth-dns': '.' }, tells: false };

/** How a module is built for one version of Kubernetes. The same recipe makes the same bytes. */
export interface Recipe {
  readonly files: Readonly<Record<string, string>>; //    of the module, by their names
  readonly products: Readonly<Record<string, string>>; // what is made, and of which package
  readonly flags: readonly string[]; //                   of "go build"
  readonly env: Readonly<Record<string, string>>; //      beside the user's own
  readonly compiler: string; //                           what "go version" says
}

/** The versions that have a folder under native/kubernetes, newest last. */
export function kubernetesVersions(): readonly string[] {
  return versionsOf(KUBERNETES);
}

/** All components in one. Throws RangeError for a version that has no folder, and Error where there is no Go. */
export function recipeOf(version: string): Recipe {
  return moduleRecipe(KUBERNETES, version);
}

/** Kubernetes' own tests, and the program that their pods run. Throws as recipeOf does. */
export function suiteRecipe(version: string): Recipe {
  return moduleRecipe(SUITE, version);
}

/** CoreDNS. Throws as recipeOf does. */
export function dnsRecipe(): Recipe {
  return moduleRecipe(DNS, '1.15.0');
}

function versionsOf({ folder }: Module): readonly string[] {
  const folders = readdirSync(join(NATIVE, folder), { withFileTypes: true }).filter((it) => it.isDirectory());
  return folders.map(({ name }) => name).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

function moduleRecipe(module: Module, version: string): Recipe {
  const folder = join(NATIVE, module.folder);
  if (!versionsOf(module).includes(version))
    throw new RangeError(`native/${module.folder} has no ${version}; it has ${versionsOf(module).join(', ')}`);
  const sources = readdirSync(folder).filter((name) => name.endsWith('.go'));
  const paths = [...sources.map((name) => join(folder, name)), ...MODULE_FILES.map((it) => join(folder, version, it))];
  const files = Object.fromEntries(paths.map((path) => [basename(path), readFileSync(path, 'utf8')]));
  return {
    files,
    products: module.products,
    flags: flagsOf(module.tells ? version : undefined),
    env: ENV,
    compiler: compiler(),
  };
}

const MODULE_FILES = ['go.mod', 'go.sum'] as const;

/** No cgo: one static file. No other Go than the installed one, and none of the user's flags. */
const ENV = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '', GOWORK: 'off' } as const;

/** Without paths and symbols, and with the version that servers and clients tell of themselves. */
function flagsOf(version: string | undefined): readonly string[] {
  const [major = '', minor = ''] = version?.split('.') ?? [];
  const places = version === undefined ? [] : ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const named = places.flatMap((path) => [
    `-X ${path}.gitVersion=v${version}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
  ]);
  return ['-trimpath', '-buildvcs=false', '-ldflags', ['-s', '-w', ...named].join(' ')];
}

function compiler(): string {
  const { status, stdout } = spawnSync('go', ['version'], { encoding: 'utf8', env: { ...process.env, ...ENV } });
  if (status !== 0) throw new Error('Kubernetes is built from its sources: Go (1.26 or newer) must be installed');
  return stdout.trim();
}

/** What a recipe makes is kept under this name: another key for whatever could make other bytes. */
export function keyOf({ files, products, flags, env, compiler: by }: Recipe): string {
  const hash = createHash('sha256').update(JSON.stringify([files, products, flags, env, by]));
  return hash.digest('hex').slice(0, 16);
}

/** The folder for what a recipe makes: outside of the tree, so that every clone of a user has it. */
export function shelf(recipe: Recipe): string {
  return join(cacheFolder(), 'kube', keyOf(recipe));
}

/** Whether all that a recipe makes is there, and whole. */
export function isBuilt(recipe: Recipe): boolean {
  return Object.keys(recipe.products).every((product) => existsSync(join(shelf(recipe), product)));
}

/** Where the standard version is, when somebody has built it: "npm run cluster -- --build". */
export function builtKubernetes(): string | undefined {
  try {
    const recipe = recipeOf(STANDARD);
    return isBuilt(recipe) ? join(shelf(recipe), 'berth-kube') : undefined;
  } catch {
    return undefined; // no Go: nobody has built it with that
  }
}
