import { readFileSync } from 'node:fs';
import { findArtefacts, INSTALLED } from '../../src/apps/cli/setup/artefacts.ts';
import { networkList } from '../../src/apps/cli/setup/network-list.ts';
import type { FileEntry, Manifest } from '../../src/io/system/manifest.ts';
import { sha256 } from '../../src/io/system/whole-file.ts';
import { VERSION } from '../../src/base/version.ts';
import { AGENT_FLAGS, HOST_CNI, PREFIX } from '../deploy/numbers.ts';
import { type Image, type ImageFile, ociImage } from './oci.ts';
import { type Architecture, OWN, partsFor } from './parts.ts';

/** What is in the image: nothing of it is needed but to run Node and to serve a node. */
const PARTS = ['bundle', 'koffi', 'sdk', 'licences', 'shim', 'node'] as const;

const NETWORK_LIST = `${PREFIX}/lib/network-list.json`;

/** Whose image. */
export interface ImageSpec {
  readonly architecture?: Architecture; // that of this machine
  readonly from?: string | undefined; //   a folder with dist/ and build/; this clone
}

/**
 * The image of the agent, from scratch: the pinned Node with the libraries that it is linked with, the bundle,
 * the CNI executable, and a manifest by which the agent puts the executable and the network list onto its node. The
 * same input gives the same digest. Throws CliError when nobody has built what goes into it.
 */
export function berthImage(name: string, { architecture = OWN, from }: ImageSpec = {}): Image {
  const { libraries, ...own } = partsFor(architecture, from);
  const artefacts = { ...findArtefacts(from), ...own };
  const parts = PARTS.map((part) => {
    const executable = part === 'shim' || part === 'node';
    return file(`${PREFIX}/${INSTALLED[part]}`, readFileSync(artefacts[part]), executable ? 0o755 : 0o644);
  });
  const list = Buffer.from(networkList({ cniVersion: '1.0.0', network: 'berth' })); // that which every runtime speaks
  const files = [
    ...parts,
    file(NETWORK_LIST, list, 0o600),
    file(`${PREFIX}/manifest.json`, Buffer.from(JSON.stringify(manifest(readFileSync(artefacts.shim), list))), 0o644),
    file(`${PREFIX}/bin/berth`, Buffer.from(command()), 0o755),
    ...libraries,
  ];
  return ociImage(name, {
    architecture,
    files,
    links: { 'var/run': '../run' }, // runtimes name sandboxes by either
    folders: ['run', 'tmp', 'etc', 'proc', 'sys', 'dev'],
    entrypoint: [`${PREFIX}/${INSTALLED.node}`, ...AGENT_FLAGS, `${PREFIX}/${INSTALLED.bundle}`],
    command: ['agent'],
    env: [`PATH=${PREFIX}/bin`, 'UV_THREADPOOL_SIZE=48'],
    labels: { 'org.opencontainers.image.version': VERSION, 'org.opencontainers.image.licenses': 'Apache-2.0' },
  });
}

/** What the agent looks after on its node (src/io/system/kept-files.ts): there it puts it, too, to begin with. */
function manifest(shim: Uint8Array, list: Uint8Array): Manifest {
  const executable: FileEntry = {
    kind: 'file',
    path: `${HOST_CNI.executables}/berth-cni`,
    sha256: sha256(shim),
    kept: { from: `${PREFIX}/${INSTALLED.shim}`, mode: 0o755 },
  };
  const configuration: FileEntry = {
    kind: 'file',
    path: `${HOST_CNI.configurations}/10-berth.conflist`,
    sha256: sha256(list),
    kept: { from: NETWORK_LIST, mode: 0o600, onceServing: true },
  };
  return { version: VERSION, entries: [executable, configuration] };
}

/** The command line, where there is no shell: `kubectl exec … -- berth status`. */
function command(): string {
  return `#!${PREFIX}/${INSTALLED.node}\nimport '${PREFIX}/${INSTALLED.bundle}';\n`;
}

function file(path: string, bytes: Uint8Array, mode: number): ImageFile {
  return { path: path.replace(/^\//, ''), bytes, mode };
}
