import { findArtefacts } from '../../src/apps/cli/setup/artefacts.ts';
import { arm64Parts, type Parts } from './arm64.ts';
import { libraries } from './libraries.ts';

/** As OCI calls processors (Go's GOARCH). */
export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export const OWN: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/**
 * The parts for a processor; by `from`, a folder that something else was built in. Throws Error for amd64 on another
 * machine, and when something cannot be had.
 */
export function partsFor(architecture: Architecture, from?: string): Parts {
  if (architecture !== OWN) {
    if (architecture === 'arm64') return arm64Parts();
    throw new Error(`the image for ${architecture} is made on a machine of its kind`);
  }
  const { node, koffi, shim } = findArtefacts(from);
  return { node, koffi, shim, libraries: libraries([node, koffi]) };
}
