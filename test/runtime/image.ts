import { createHash } from 'node:crypto';

/** A file of an image: its path without leading "/", its bytes, its mode. */
export interface ImageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/**
 * An image as one OCI archive that `ctr images import` takes, made of nothing but files: one uncompressed layer, no
 * registry.
 * Reproducible: names sorted, times and owners zero (OCI image-spec 1.0, image-layout).
 */
export function ociArchive(name: string, files: readonly ImageFile[], entrypoint: readonly string[]): Uint8Array {
  const layer = tar(files);
  const config = json({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], Entrypoint: entrypoint },
    rootfs: { type: 'layers', diff_ids: [digest(layer)] },
  });
  const type = (what: string) => `application/vnd.oci.image.${what}`;
  const manifest = json({
    schemaVersion: 2,
    mediaType: type('manifest.v1+json'),
    config: { mediaType: type('config.v1+json'), digest: digest(config), size: config.length },
    layers: [{ mediaType: type('layer.v1.tar'), digest: digest(layer), size: layer.length }],
  });
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  const index = json({
    schemaVersion: 2,
    manifests: [{ mediaType: type('manifest.v1+json'), digest: digest(manifest), size: manifest.length, annotations }],
  });
  const blobs = [layer, config, manifest].map((bytes) => file(`blobs/sha256/${digest(bytes).slice(7)}`, bytes));
  return tar([...blobs, file('index.json', index), file('oci-layout', json({ imageLayoutVersion: '1.0.0' }))]);
}

const BLOCK = 512;

/** A ustar archive (POSIX.1-1988) of files and the directories above them. */
export function tar(files: readonly ImageFile[]): Uint8Array {
  const folders = new Set(files.flatMap(({ path }) => parents(path)));
  const entries = [
    ...[...folders].sort().map((path) => ({ path: `${path}/`, bytes: new Uint8Array(0), mode: 0o755, type: '5' })),
    ...files.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map((it) => ({ ...it, type: '0' })),
  ];
  const parts = entries.flatMap(({ bytes, ...entry }) => {
    const padding = new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK);
    return [header(entry, bytes.length), bytes, padding];
  });
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)]);
}

function header({ path, mode, type }: { path: string; mode: number; type: string }, size: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, '0'), at);
  block.write(path, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8); // owner
  octal(0, 116, 8); // group
  octal(size, 124, 12);
  octal(0, 136, 12); // time
  block.write('        ', 148); // the checksum is computed over spaces
  block.write(type, 156);
  block.write('ustar\0' + '00', 257);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

function file(path: string, bytes: Uint8Array): ImageFile {
  return { path, bytes, mode: 0o644 };
}

function json(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
