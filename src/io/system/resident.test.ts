import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cleanPages, memoryReturner } from './resident.ts';

const mapping = (range: string, rights: string, path: string, anonymousKb: number, swapKb = 0) =>
  `${range} ${rights} 00400000 fe:00 123456                      ${path}
Size:              16384 kB
Rss:               11000 kB
Anonymous:         ${String(anonymousKb).padStart(5)} kB
Swap:              ${String(swapKb).padStart(5)} kB
VmFlags: rd mr mw me`;

test('what is handed back of a file is what cannot be written and was not', () => {
  const smaps = [
    mapping('00400000-01400000', 'r--p', '/opt/node', 0),
    mapping('01400000-02400000', 'r-xp', '/opt/node', 0),
    mapping('02400000-02500000', 'r--p', '/opt/node', 4), // relocated, then closed for writing
    mapping('02600000-02700000', 'r--p', '/opt/node', 0, 4), // the same, and since on the disk
    mapping('02500000-02600000', 'rw-p', '/opt/node', 0),
    mapping('7f0000000000-7f0000100000', 'r-xp', '/lib/libc.so.6', 0),
    mapping('7f0000200000-7f0000300000', 'r-xp', '', 0),
  ].join('\n');
  expect(cleanPages(smaps, '/opt/node')).toEqual([
    { at: 0x400000, bytes: 0x1000000 },
    { at: 0x1400000, bytes: 0x1000000 },
  ]);
});

test('less of Node’s file is resident afterwards, and whatever is needed of it comes back', async () => {
  const handBack = memoryReturner();
  const before = residentOfFiles();
  await handBack();
  expect(residentOfFiles()).toBeLessThan(before / 2);
  expect(new Intl.NumberFormat('en').format(1234567.5)).toBe('1,234,567.5');
  await handBack(); // and again
});

/** KiB. */
function residentOfFiles(): number {
  return Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
