// node tools/bundle.ts [DIRECTORY]: everything that `berth install` copies, under dist/ or elsewhere: one file of
// JavaScript, koffi's native part, the wrapper that starts them, and the licences of what is inside. `npm run build`
// makes it together with the CNI executable. Agents that run from there go on with what they began with: each file is
// replaced whole. Writing over koffi's native part where it lies takes the linker's work out of the memory of those who
// have loaded it, and their next call jumps into nothing.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build as bundle, type Metafile, type Plugin } from 'esbuild';
import { writeWhole } from '../src/apps/cli/setup/manifest.ts';

const OUT = process.argv[2] ?? 'dist';
const KOFFI = `node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`;

const { metafile, outputFiles } = await bundle({
  entryPoints: ['src/berth.ts'],
  outfile: `${OUT}/berth.mjs`,
  write: false,
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
for (const { contents } of outputFiles) writeWhole(`${OUT}/berth.mjs`, contents, 0o644);
writeWhole(`${OUT}/koffi.node`, readFileSync(KOFFI), 0o644);
for (const file of ['config.yaml', 'systemd/berth-agent.service'])
  writeWhole(`${OUT}/${basename(file)}`, readFileSync(`deploy/${file}`), 0o644);
writeWhole(`${OUT}/licences.txt`, licences(metafile), 0o644);
// last: its age is taken for that of the bundle (tools/agent-command.ts)
writeWhole(`${OUT}/berth`, readFileSync('deploy/berth'), 0o755);

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
