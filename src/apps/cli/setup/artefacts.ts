import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../exit.ts';

/** The files that an installation is made of, by where they are now. */
export interface Artefacts {
  readonly bundle: string; //   berth.mjs
  readonly koffi: string; //    koffi.node, beside the bundle
  readonly sdk: string; //      aws-sdk.cjs, beside it too
  readonly emulator: string; // emulator.mjs, beside it too
  readonly licences: string;
  readonly wrapper: string; //  the shell script "berth"
  readonly config: string; //   the example
  readonly unit: string; //     of systemd
  readonly shim: string; //     the CNI executable
  readonly node: string; //     the Node that runs us: pinned by the lock file
}

/** In a clone: what "npm run build" made. */
const CLONE: Readonly<Record<Exclude<keyof Artefacts, 'node'>, string>> = {
  bundle: 'dist/berth.mjs',
  koffi: 'dist/koffi.node',
  sdk: 'dist/aws-sdk.cjs',
  emulator: 'dist/emulator.mjs',
  licences: 'dist/licences.txt',
  wrapper: 'dist/berth',
  config: 'dist/config.yaml',
  unit: 'dist/berth-agent.service',
  shim: 'build/berth-cni',
};

/** Under a prefix: an installation can install itself again, elsewhere too. */
export const INSTALLED: Readonly<Record<keyof Artefacts, string>> = {
  bundle: 'lib/berth.mjs',
  koffi: 'lib/koffi.node',
  sdk: 'lib/aws-sdk.cjs',
  emulator: 'lib/emulator.mjs',
  licences: 'lib/licences.txt',
  wrapper: 'bin/berth',
  config: 'lib/config.yaml',
  unit: 'lib/berth-agent.service',
  shim: 'libexec/berth-cni',
  node: 'libexec/node',
};

/**
 * Finds the artefacts below a directory, a clone or a prefix; by default the one that this program runs from. Throws
 * CliError.
 */
export function findArtefacts(from?: string): Artefacts {
  const start = from === undefined ? dirname(fileURLToPath(import.meta.url)) : resolve(from);
  for (const root of from === undefined ? [start, ...parents(start)] : [start]) {
    if (existsSync(join(root, CLONE.bundle))) return complete(root, CLONE);
    if (existsSync(join(root, INSTALLED.bundle))) return complete(root, INSTALLED);
  }
  throw new CliError('failed', `there is no bundle to install under ${start}`, {
    advice: 'in a clone, run "npm run build" first',
  });
}

function complete(root: string, layout: Readonly<Record<keyof typeof CLONE, string>>): Artefacts {
  const at = (key: keyof typeof CLONE) => join(root, layout[key]);
  const missing = Object.values(layout).find((path) => !existsSync(join(root, path)));
  if (missing !== undefined)
    throw new CliError('failed', `${join(root, missing)} is missing`, { advice: 'run "npm run build" in the clone' });
  return {
    bundle: at('bundle'),
    koffi: at('koffi'),
    sdk: at('sdk'),
    emulator: at('emulator'),
    licences: at('licences'),
    wrapper: at('wrapper'),
    config: at('config'),
    unit: at('unit'),
    shim: at('shim'),
    node: existsSync(join(root, INSTALLED.node)) ? join(root, INSTALLED.node) : process.execPath,
  };
}

/** The directories above, nearest first. */
function parents(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...parents(above)];
}
