// npm run manifests: deploy/kubernetes/berth.yaml from tools/deploy/objects.ts, which is its only source.
//   npm run manifests -- --image NAME    to standard output, with another image
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MANIFEST, manifestText } from './deploy/manifest.ts';

const { values } = parseArgs({ options: { image: { type: 'string' } } });
if (values.image === undefined) writeFileSync(MANIFEST, manifestText());
else process.stdout.write(manifestText(values.image));
