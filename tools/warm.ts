// node tools/warm.ts, with NODE_COMPILE_CACHE: compiles what `berth emulator start` loads, so that the first start of a
// fresh clone is as quick as every other. run.sh does it once, after the packages came.
import { flushCompileCache } from 'node:module';

await Promise.all(['emulator/command/start.ts', 'emulator/fabric/fabric.ts', 'emulator/main.ts'].map(load));
flushCompileCache();

/** By its place: nothing of it is called here. */
function load(place: string): Promise<unknown> {
  return import(new URL(`../${place}`, import.meta.url).href);
}
