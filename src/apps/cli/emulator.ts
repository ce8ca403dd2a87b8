import type { Command } from 'commander';

/** What `berth emulator` is to the rest of berth: emulator/main.ts. */
export interface Emulator {
  run(args: readonly string[]): Promise<void>;
  program(): Command;
}

/**
 * Loads the emulator. By its place, beside the sources or beside the bundle: it stands on none of the floors here, and
 * neither an agent nor another command shall have it in memory.
 */
export async function loadEmulator(): Promise<Emulator> {
  const place = import.meta.url.endsWith('.ts') ? '../../../emulator/main.ts' : './emulator.mjs';
  return (await import(new URL(place, import.meta.url).href)) as Emulator;
}
