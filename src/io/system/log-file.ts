import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Appends lines to a file of bounded size: before it would grow over `mostBytes` it becomes `<path>.1`, in place of the
 * one before, so that never more than twice as much is on the disk. A line that cannot be written goes to `otherwise`.
 */
export function logFile(
  path: string,
  { mostBytes, otherwise }: { readonly mostBytes: number; readonly otherwise: (line: string) => void },
): (line: string) => void {
  let open: { readonly fd: number; bytes: number } | undefined;

  const opened = () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const fd = openSync(path, 'a', 0o640);
    open = { fd, bytes: fstatSync(fd).size };
    return open;
  };
  const close = () => {
    if (open !== undefined) closeSync(open.fd);
    open = undefined;
  };
  const withRoomFor = (bytes: number) => {
    const file = open ?? opened();
    if (file.bytes === 0 || file.bytes + bytes <= mostBytes) return file;
    close();
    renameSync(path, `${path}.1`);
    return opened();
  };
  return (line) => {
    try {
      const text = Buffer.from(line);
      const file = withRoomFor(text.length);
      for (let at = 0; at < text.length; ) at += writeSync(file.fd, text, at);
      file.bytes += text.length;
    } catch {
      otherwise(line); // no room, no folder: the next line tries again
      close();
    }
  };
}
