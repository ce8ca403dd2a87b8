// npm run image: the container image of the agent as an OCI archive, without Docker and without a registry.
//   npm run image -- --out FILE --name NAME --arch amd64|arm64 [--from FOLDER]
// `ctr -n k8s.io images import FILE` loads it into containerd, `podman load -i FILE` into podman. The same sources on
// the same machine give the same digest. A folder with dist/ and build/ of its own is for tests of other versions.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { berthImage } from './image/berth-image.ts';
import { ARCHITECTURES, OWN } from './image/parts.ts';
import { IMAGE } from './deploy/values.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'dist/image.tar' },
    name: { type: 'string', default: IMAGE },
    arch: { type: 'string', default: OWN },
    from: { type: 'string' },
  },
});
const architecture = ARCHITECTURES.find((it) => it === values.arch);
if (architecture === undefined) throw new Error(`--arch is ${ARCHITECTURES.join(' or ')}, not ${values.arch}`);
const { archive, digest } = berthImage(values.name, { architecture, from: values.from });
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, archive);
console.log(
  `${values.out}: ${values.name} for ${architecture}, ${(archive.length / 2 ** 20).toFixed(1)} MiB, ${digest}`,
);
