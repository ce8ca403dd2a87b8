// npm run krew: the kubectl plugin as an archive, and its manifest for krew.
//   npm run krew -- --uri https://… --out FOLDER    where the archive will be found; default: the file itself
// The archive holds the bundle and the script that starts it on the Node of whoever installs it.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { tar } from '../src/apps/cli/support/tar.ts';
import { VERSION } from '../src/base/version.ts';

const { values } = parseArgs({ options: { uri: { type: 'string' }, out: { type: 'string', default: 'dist/krew' } } });
const archive = join(values.out, 'kubectl-berth.tar.gz');
const packed = gzipSync(
  tar([
    { name: 'kubectl-berth', content: readFileSync('deploy/kubectl-berth'), mode: 0o755, modifiedAt: 0 },
    { name: 'berth.mjs', content: readFileSync('dist/berth.mjs'), mode: 0o644, modifiedAt: 0 },
    { name: 'LICENSE', content: readFileSync('LICENSE'), mode: 0o644, modifiedAt: 0 },
    { name: 'licences.txt', content: readFileSync('dist/licences.txt'), mode: 0o644, modifiedAt: 0 },
  ]),
);
mkdirSync(values.out, { recursive: true });
writeFileSync(archive, packed);
const facts: Readonly<Record<string, string>> = {
  VERSION,
  URI: values.uri ?? `file://${resolve(archive)}`,
  SHA256: createHash('sha256').update(packed).digest('hex'),
};
const template = readFileSync('deploy/krew/berth.yaml', 'utf8').replace(/^#.*\n/, '');
const manifest = template.replaceAll(/@([A-Z0-9]+)@/g, (mark, name: string) => facts[name] ?? mark);
writeFileSync(join(values.out, 'berth.yaml'), manifest);
console.log(`${archive}: ${(packed.length / 2 ** 20).toFixed(1)} MiB; ${join(values.out, 'berth.yaml')}`);
