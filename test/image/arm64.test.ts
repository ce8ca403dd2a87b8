import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { PREFIX } from '../../tools/deploy/numbers.ts';
import { berthImage } from '../../tools/image/berth-image.ts';

const EMULATOR = '/usr/bin/qemu-aarch64-static';
const MINUTES = 60_000;

let folder: string;

beforeEach(({ skip }) => {
  skip(process.arch === 'arm64', 'this machine is one');
  skip(!existsSync(EMULATOR), `no ${EMULATOR} (Debian: qemu-user-static)`);
  folder = mkdtempSync(join(tmpdir(), 'berth-image-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The root of the image, as a runtime would unpack it. */
function unpacked(archive: Uint8Array): string {
  const [parts, root] = [join(folder, 'parts'), join(folder, 'root')];
  writeFileSync(join(folder, 'image.tar'), archive);
  execFileSync('mkdir', [parts, root]);
  execFileSync('tar', ['-xf', join(folder, 'image.tar'), '-C', parts]);
  const blobs = readdirSync(join(parts, 'blobs/sha256')).map((name) => join(parts, 'blobs/sha256', name));
  const [layer = ''] = blobs.toSorted((a, b) => statSync(b).size - statSync(a).size);
  execFileSync('tar', ['-xf', layer, '-C', root]);
  return root;
}

test('the image for arm64 is the same each time, and what is in it runs on such a processor', {
  timeout: 5 * MINUTES,
}, () => {
  const { archive, digest } = berthImage('berth.test/berth:arm64', { architecture: 'arm64' });
  expect(berthImage('berth.test/berth:arm64', { architecture: 'arm64' }).digest).toBe(digest);
  const root = unpacked(archive);
  const node = (...words: string[]) =>
    execFileSync(EMULATOR, ['-L', root, `${root}${PREFIX}/libexec/node`, ...words], { encoding: 'utf8' }).trim();
  expect(node(`${root}${PREFIX}/lib/berth.mjs`, '--version')).toBe(VERSION);
  const asksLibc = `const k = require('${root}${PREFIX}/lib/koffi.node');
    console.log(process.arch, k.load(null).func('int getpid()')() === process.pid);`;
  expect(node('-e', asksLibc)).toBe('arm64 true');
  const version = { CNI_COMMAND: 'VERSION' };
  const shim = [`${root}${PREFIX}/libexec/berth-cni`];
  expect(execFileSync(EMULATOR, shim, { encoding: 'utf8', env: version, input: '{}' })).toContain('supportedVersions');
});
