import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, installByGo } from './go-install.ts';

// The reference plugins and cnitool, to measure Berth by: built once from the Go modules into the user's cache folder.

const PLUGINS_VERSION = 'v1.9.1';
const CNI_VERSION = 'v1.3.0';
const PLUGINS = ['bridge', 'ptp', 'loopback'].map((name) => `main/${name}`);
const IPAM = ['host-local', 'static'].map((name) => `ipam/${name}`);
const META = ['portmap', 'bandwidth', 'tuning', 'firewall'].map((name) => `meta/${name}`);

/** Where Debian's package containernetworking-plugins puts version 1.1.1. */
const DEBIAN = '/usr/lib/cni';

/** A directory of reference plugins. `note` says what is not as it should be. */
export interface ReferencePlugins {
  readonly directory: string;
  readonly version: string;
  readonly note: string;
  readonly cnitool: string | undefined; // path
}

/** Where they are once they are built. */
export function referenceFolder(): string {
  return join(cacheFolder(), `reference-plugins-${PLUGINS_VERSION}-${CNI_VERSION}`);
}

/**
 * The newest reference plugins. The first call builds them (about a minute); later ones find them. Without Go or
 * without its module proxy: Debian's older ones. Throws Error when there are none either.
 */
export function referencePlugins(): ReferencePlugins {
  const directory = referenceFolder();
  try {
    if (!existsSync(directory)) build(directory);
    return { directory, version: PLUGINS_VERSION.slice(1), note: '', cnitool: join(directory, 'cnitool') };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    if (existsSync(join(DEBIAN, 'bridge')))
      return { directory: DEBIAN, version: '1.1.1', note: why, cnitool: undefined };
    throw new Error(`no reference plugins: ${why}; install Go, or Debian's containernetworking-plugins`, {
      cause: error,
    });
  }
}

function build(directory: string): void {
  const module = 'github.com/containernetworking/plugins/plugins';
  const plugins = [...PLUGINS, ...IPAM, ...META].map((path) => `${module}/${path}@${PLUGINS_VERSION}`);
  installByGo(directory, [plugins, [`github.com/containernetworking/cni/cnitool@${CNI_VERSION}`]]);
}

if (import.meta.main) {
  const { directory, version, note } = referencePlugins();
  if (note !== '') process.stderr.write(`version ${version}, for the newest cannot be built: ${note}\n`);
  process.stdout.write(`${directory}\n`);
}
