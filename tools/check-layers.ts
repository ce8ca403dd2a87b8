// The import law: reads the floors from ARCHITECTURE.md, the imports from the sources, and tells every fault.
//   node tools/check-layers.ts            faults only
//   node tools/check-layers.ts --matrix   also which room imports which, and how often
import { existsSync, readFileSync } from 'node:fs';
import { circles } from './layers/circles.ts';
import { forbidden, isSealed, matrix, readFloors, type Room } from './layers/floors.ts';
import { form, impurities } from './layers/form.ts';
import { importsOf, type Source, sourcesIn } from './layers/source.ts';

const FOLDERS = ['src', 'sim', 'emulator', 'test', 'tools'];

/** Everything wrong with the sources, a sentence each. */
export function faultsOf(rooms: readonly Room[], sources: readonly Source[]): readonly string[] {
  const imports = sources.flatMap(importsOf);
  return [
    ...imports.flatMap((it) => forbidden(rooms, it)),
    ...circles(imports),
    ...sources.filter(({ path }) => isSealed(rooms, path)).flatMap(impurities),
    ...sources.flatMap(form),
  ];
}

function main(): number {
  const rooms = readFloors(readFileSync('ARCHITECTURE.md', 'utf8'));
  const sources = FOLDERS.filter((folder) => existsSync(folder)).flatMap(sourcesIn);
  const imports = sources.flatMap(importsOf);
  const inside = sources.map(({ path }) => path).filter((path) => path.startsWith('src/'));
  const insideImports = imports.filter(({ from }) => from.startsWith('src/'));
  if (process.argv.includes('--matrix')) console.log(matrix(rooms, inside, insideImports));
  const faults = faultsOf(rooms, sources);
  for (const fault of faults) console.error(fault);
  console.log(`${sources.length} files, ${imports.length} imports, ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main();
