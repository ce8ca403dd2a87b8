import { createHash } from 'node:crypto';
import { tar, type TarEntry } from '../../src/apps/cli/support/tar.ts';

/** A file of an image: its path without leading "/", its bytes, its mode. */
export interface ImageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/** What an image is made of, and what runs in it. */
export interface ImageSpec {
  readonly architecture?: string; // GOARCH; default: this machine's
  readonly files: readonly ImageFile[];
  /** Symbolic links: path → where it leads. */
  readonly links?: Readonly<Record<string, string>>;
  /** Empty folders. */
  readonly folders?: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** An image as an archive, and its digest: that of its manifest. */
export interface Image {
  readonly archive: Uint8Array;
  readonly digest: string;
}

/**
 * An image as one OCI archive that `ctr images import` takes: one uncompressed layer, no registry. Reproducible: names
 * sorted, times and owners zero (OCI image-spec 1.0, image-layout).
 */
export function ociImage(name: string, spec: ImageSpec): Image {
  const { files, links = {}, folders = [], entrypoint, command = [], env = ['PATH=/bin'], labels = {} } = spec;
  const { architecture = process.arch === 'arm64' ? 'arm64' : 'amd64' } = spec;
  const layer = layerOf(files, links, folders);
  const config = json({
    architecture,
    os: 'linux',
    config: { Env: env, Entrypoint: entrypoint, Cmd: command, Labels: labels },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  });
  const type = (what: string) => `application/vnd.oci.image.${what}`;
  const manifest = json({
    schemaVersion: 2,
    mediaType: type('manifest.v1+json'),
    config: { mediaType: type('config.v1+json'), digest: digestOf(config), size: config.length },
    layers: [{ mediaType: type('layer.v1.tar'), digest: digestOf(layer), size: layer.length }],
  });
  const digest = digestOf(manifest);
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  const index = json({
    schemaVersion: 2,
    manifests: [{ mediaType: type('manifest.v1+json'), digest, size: manifest.length, annotations }],
  });
  const blobs = [layer, config, manifest].map((bytes) => plain(`blobs/sha256/${digestOf(bytes).slice(7)}`, bytes));
  const archive = tar([
    ...blobs,
    plain('index.json', index),
    plain('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
  ]);
  return { archive, digest };
}

function layerOf(
  files: readonly ImageFile[],
  links: Readonly<Record<string, string>>,
  folders: readonly string[],
): Uint8Array {
  const paths = [...files.map(({ path }) => path), ...Object.keys(links), ...folders.map((path) => `${path}/`)];
  const above = new Set(paths.flatMap(parents));
  const entries: TarEntry[] = [
    ...[...above].sort().map((path): TarEntry => ({ name: `${path}/`, kind: 'folder', mode: 0o755, modifiedAt: 0 })),
    ...files
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, bytes, mode }): TarEntry => ({ name: path, content: bytes, mode, modifiedAt: 0 })),
    ...Object.entries(links)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, to]): TarEntry => ({ name: path, kind: 'link', to, modifiedAt: 0 })),
  ];
  return tar(entries);
}

/** The folders above a path; of "a/b/" itself, too. */
function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

function plain(name: string, content: Uint8Array): TarEntry {
  return { name, content, mode: 0o644, modifiedAt: 0 };
}

function json(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
