import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Puts the scripted plugin into a directory under a name, run by this very Node. Returns the directory. */
export function installScripted(directory: string, name = 'scripted'): string {
  mkdirSync(directory, { recursive: true });
  const script = fileURLToPath(new URL('scripted.ts', import.meta.url));
  writeFileSync(join(directory, name), `#!/bin/sh\nexec '${process.execPath}' '${script}'\n`, { mode: 0o755 });
  return directory;
}
