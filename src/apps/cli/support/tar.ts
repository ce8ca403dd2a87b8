const BLOCK = 512;

/** One file of an archive. */
export interface TarFile {
  readonly name: string; //     at most 100 bytes
  readonly content: string | Uint8Array;
  readonly modifiedAt: number; // milliseconds since the Unix epoch
}

/**
 * A tar archive in the ustar form (POSIX.1-1988, pax(1)), readable for its owner only. Throws RangeError when a name is
 * too long.
 */
export function tar(files: readonly TarFile[]): Buffer {
  const blocks = files.flatMap((file) => {
    const content = Buffer.from(file.content);
    return [header(file, content.length), content, Buffer.alloc(padding(content.length))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]); // two empty blocks end it
}

function padding(bytes: number): number {
  return (BLOCK - (bytes % BLOCK)) % BLOCK;
}

function header({ name, modifiedAt }: TarFile, bytes: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new RangeError(`the name is too long for a tar archive: ${name}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(name, 0);
  octal(0o600, 100, 8); //  mode
  octal(0, 108, 8); //      uid
  octal(0, 116, 8); //      gid
  octal(bytes, 124, 12);
  octal(Math.floor(modifiedAt / 1_000), 136, 12);
  block.fill(' ', 148, 156); // the checksum counts itself as blanks
  block.write('0', 156); //    a file
  block.write('ustar\0', 257, 'latin1');
  block.write('00', 263);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
