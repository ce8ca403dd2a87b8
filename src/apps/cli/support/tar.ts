const BLOCK = 512;

/**
 * One entry of an archive: a file, unless it says otherwise. Names have at most 100 bytes, those of folders end in /.
 */
export type TarEntry = { readonly name: string; readonly modifiedAt: number } & (
  | { readonly kind?: 'file'; readonly content: string | Uint8Array; readonly mode?: number } // default 0600
  | { readonly kind: 'folder'; readonly mode: number }
  | { readonly kind: 'link'; readonly to: string } // symbolic; at most 100 bytes
); // modifiedAt in milliseconds since the Unix epoch

/** A tar archive in the ustar form (POSIX.1-1988, pax(1)). Throws RangeError when a name is too long. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = 'content' in entry ? Buffer.from(entry.content) : Buffer.alloc(0);
    return [header(entry, content.length), content, Buffer.alloc(padding(content.length))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]); // two empty blocks end it
}

function padding(bytes: number): number {
  return (BLOCK - (bytes % BLOCK)) % BLOCK;
}

const TYPES = { file: '0', link: '2', folder: '5' } as const;

function header(entry: TarEntry, bytes: number): Buffer {
  const { name, modifiedAt, kind = 'file' } = entry;
  const to = entry.kind === 'link' ? entry.to : '';
  for (const text of [name, to])
    if (Buffer.byteLength(text) > 100) throw new RangeError(`the name is too long for a tar archive: ${text}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(name, 0);
  octal(entry.kind === 'link' ? 0o777 : (entry.mode ?? 0o600), 100, 8);
  octal(0, 108, 8); //      uid
  octal(0, 116, 8); //      gid
  octal(bytes, 124, 12);
  octal(Math.floor(modifiedAt / 1_000), 136, 12);
  block.fill(' ', 148, 156); // the checksum counts itself as blanks
  block.write(TYPES[kind], 156);
  block.write(to, 157);
  block.write('ustar\0', 257, 'latin1');
  block.write('00', 263);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
