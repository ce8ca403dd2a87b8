import { afterEach, beforeEach, expect, test } from 'vitest';
import { newFolder } from './journal-stage.ts';
import { linuxDisk } from './linux-disk.ts';
import { SpareFile } from './spare-file.ts';

let folder: ReturnType<typeof newFolder>;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => folder.end());

test('what was made ready is taken where it has room for what comes next, else another file is made', async () => {
  const spare = new SpareFile(linuxDisk(folder.path));
  for (const [room, bytes] of [
    [96, 4_096],
    [97, 8_192],
  ] as const) {
    await spare.prepare(4_096);
    const file = spare.become(`journal-000000000${room - 95}`, new Uint8Array(4_000), { room, wanted: 8_192 });
    expect(file.bytes).toBe(bytes);
    file.close();
  }
  spare.close();
});
