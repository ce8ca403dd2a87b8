import { writeSync } from 'node:fs';

const MOST_WAITING = 1024 * 1024; // bytes
const AGAIN_MS = 100;

/**
 * Writes lines to standard error, at once, so that the last one before a crash is there. Whoever reads it may fall
 * behind or hang, and then the kernel takes no more: lines wait here, up to 1 MiB of them, and further ones are lost,
 * which `onLost` is told as soon as lines go out again. It never waits: a pod must not hang for the sake of a log.
 */
export function standardError(onLost: (lines: number) => void): (line: string) => void {
  void process.stderr; // its making has a pipe or socket refuse what it has no room for (libuv, uv_pipe_open)
  const waiting: Buffer[] = [];
  let bytes = 0;
  let lost = 0;
  let again: NodeJS.Timeout | undefined;

  const drain = () => {
    again = undefined;
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const taken = written(first);
      bytes -= taken;
      if (taken < first.length) {
        waiting[0] = first.subarray(taken);
        again = setTimeout(drain, AGAIN_MS).unref();
        return;
      }
      waiting.shift();
    }
    const lines = lost;
    lost = 0;
    if (lines > 0) onLost(lines);
  };
  process.once('exit', drain);
  return (line) => {
    const text = Buffer.from(line);
    if (bytes > 0 && bytes + text.length > MOST_WAITING) lost++;
    else {
      waiting.push(text);
      bytes += text.length;
    }
    if (again === undefined) drain();
  };
}

/** How many of the bytes are done with. Where nobody can ever read them, all are. */
function written(bytes: Buffer): number {
  try {
    return writeSync(2, bytes);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : bytes.length;
  }
}
