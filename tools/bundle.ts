// node tools/bundle.ts [DIRECTORY]: everything that `berth install` copies, under dist/ or elsewhere: one file of
// JavaScript, koffi's native part, the wrapper that starts them, and the licences of what is inside. `npm run build`
// makes it together with the CNI executable.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build as bundle, type Metafile, type Plugin } from 'esbuild';

const OUT = process.argv[2] ?? 'dist';
const KOFFI = `node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`;

mkdirSync(OUT, { recursive: true });
const { metafile } = await bundle({
  entryPoints: ['src/berth.ts'],
  outfile: `${OUT}/berth.mjs`,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minify: true,
  keepNames: true, // class names are in logs
  legalComments: 'none', // all licences are in licences.txt
  metafile: true,
  logLevel: 'warning',
  plugins: [koffiBeside(), withoutPush()],
  // pino and yaml are CommonJS and ask for node's modules by require
  banner: { js: "import{createRequire as berthRequire}from'node:module';const require=berthRequire(import.meta.url);" },
});
copyFileSync(KOFFI, `${OUT}/koffi.node`);
for (const file of ['berth', 'config.yaml', 'systemd/berth-agent.service'])
  copyFileSync(`deploy/${file}`, `${OUT}/${basename(file)}`);
chmodSync(`${OUT}/berth`, 0o755);
writeFileSync(`${OUT}/licences.txt`, licences(metafile));

/**
 * koffi looks for its native part in node_modules. Bundled, that part lies beside the bundle, and is all there is of
 * koffi.
 */
function koffiBeside(): Plugin {
  const contents = "export default require('./koffi.node');";
  return {
    name: 'koffi-beside',
    setup: (build) => {
      build.onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi', namespace: 'beside' }));
      build.onResolve({ filter: /koffi\.node$/ }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /.*/, namespace: 'beside' }, () => ({ contents, loader: 'js' }));
    },
  };
}

/**
 * What prom-client can besides, and we do not use: pushing (node:https), clusters (node:cluster), metrics of its own. 8
 * MB of memory.
 */
function withoutPush(): Plugin {
  return {
    name: 'without-push',
    setup: (build) => {
      build.onLoad({ filter: /prom-client\/lib\/(pushgateway|cluster|defaultMetrics)\.js$/ }, () => ({
        contents: 'module.exports = class {};',
      }));
    },
  };
}

/** The licence of each package that the bundle holds a piece of. */
function licences({ inputs }: Metafile): string {
  const packages = new Set(['koffi']);
  for (const input of Object.keys(inputs)) {
    const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (found !== undefined) packages.add(found);
  }
  return [...packages].toSorted().map(licenceOf).join('\n');
}

function licenceOf(name: string): string {
  const folder = `node_modules/${name}`;
  const file = readdirSync(folder).find((it) => /^licen[cs]e/i.test(it));
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Record<string, string>;
  const text = file !== undefined && existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`, 'utf8') : '';
  return `${name} ${version}: ${license}\n\n${text}\n`;
}
