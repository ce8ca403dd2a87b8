import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a file appear whole, with its mode, in one rename: whoever executes or reads it never meets a half. */
export function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const born = `${path}.new-${process.pid}`;
  try {
    writeFileSync(born, content, { mode, flush: true });
    renameSync(born, path);
  } finally {
    rmSync(born, { force: true });
  }
}

/** In hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
