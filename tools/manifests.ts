// npm run manifests: the files of deploy/kubernetes from tools/deploy/objects.ts, which is their only source.
//   npm run -s manifests -- [--image NAME] [--uninstall]   what installs Berth, or takes it off the nodes, perhaps with
//                                                          another image, to standard output
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { berthText, madeFiles, uninstallText } from './deploy/manifest.ts';

const { values } = parseArgs({
  options: { image: { type: 'string' }, uninstall: { type: 'boolean', default: false } },
});
const { image, uninstall } = values;
if (uninstall) process.stdout.write(uninstallText(image));
else if (image !== undefined) process.stdout.write(berthText(image));
else for (const { path, text } of madeFiles()) writeFileSync(path, text);
