// npm run manifests: the files of deploy/kubernetes from tools/deploy/objects.ts, which is their only source.
//   npm run manifests -- --image NAME    what installs Berth, to standard output, with another image
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { berthText, madeFiles } from './deploy/manifest.ts';

const { values } = parseArgs({ options: { image: { type: 'string' } } });
if (values.image !== undefined) process.stdout.write(berthText(values.image));
else for (const { path, text } of madeFiles()) writeFileSync(path, text);
