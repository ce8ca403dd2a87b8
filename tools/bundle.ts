// node tools/bundle.ts [DIRECTORY] [--later N]: everything that `berth install` copies, under dist/ or elsewhere: one
// file of JavaScript, another that only agents on EC2 load, the emulator in a third, koffi's native part, the wrapper
// that starts them, and the licences of what is inside. `npm run build` makes it together with the CNI executable.
// Agents that run from there go on with what they began with: each file is replaced whole. Writing over koffi's
// native part where it lies takes the linker's work out of the memory of those who have loaded it, and their next
// call jumps into nothing. --later N makes the agent of so many versions later instead, for a test of upgrades.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { build as bundle, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { writeWhole } from '../src/io/system/whole-file.ts';
import { actionsAsked } from './docs/aws.ts';

const { values, positionals } = parseArgs({ options: { later: { type: 'string' } }, allowPositionals: true });
const [OUT = 'dist'] = positionals;
const LATER = Number(values.later ?? 0);
const KOFFI = `node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`;

const COMMON: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  // names stay: they are in logs and stacks, and esbuild's keepNames would wrap every closure at run time
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none', // all licences are in licences.txt
  logLevel: 'warning',
};

const main = await program('src/berth.ts');
const emulator = await program('emulator/main.ts');
const sdk = await bundle({
  ...COMMON,
  stdin: { contents: sdkSource(), resolveDir: '.' },
  write: false,
  metafile: true,
  format: 'cjs',
});
for (const { contents } of main.outputFiles) writeWhole(`${OUT}/berth.mjs`, contents, 0o644);
for (const { contents } of emulator.outputFiles) writeWhole(`${OUT}/emulator.mjs`, contents, 0o644);
for (const { contents } of sdk.outputFiles) writeWhole(`${OUT}/aws-sdk.cjs`, contents, 0o644);
writeWhole(`${OUT}/koffi.node`, readFileSync(KOFFI), 0o644);
for (const file of ['config.yaml', 'systemd/berth-agent.service'])
  writeWhole(`${OUT}/${basename(file)}`, readFileSync(`deploy/${file}`), 0o644);
writeWhole(`${OUT}/licences.txt`, licences(main.metafile, emulator.metafile, sdk.metafile), 0o644);
writeWhole(`${OUT}/kubectl-berth`, readFileSync('deploy/kubectl-berth'), 0o755);
// last: its age is taken for that of the bundle (tools/agent-command.ts)
writeWhole(`${OUT}/berth`, readFileSync('deploy/berth'), 0o755);

/** One file of a program and all that it imports. */
function program(entry: string) {
  return bundle({
    ...COMMON,
    entryPoints: [entry],
    write: false,
    metafile: true,
    format: 'esm',
    plugins: [
      beside(/^koffi$/, './koffi.node'),
      beside(/^@aws-sdk\/client-ec2$/, './aws-sdk.cjs'),
      withoutPush(),
      ...later(LATER),
    ],
    // pino and yaml are CommonJS and ask for node's modules by require
    banner: {
      js: "import{createRequire as berthRequire}from'node:module';const require=berthRequire(import.meta.url);",
    },
  });
}

/**
 * A package whose place is taken by a file beside the bundle, which is loaded when the first module that imports the
 * package is: koffi, which looks for its native part in node_modules, and AWS's SDK, whose 20 MB of memory only agents
 * on EC2 shall pay.
 */
function beside(name: RegExp, file: string): Plugin {
  const namespace = `beside ${file}`;
  return {
    name: namespace,
    setup: (build) => {
      build.onResolve({ filter: name }, ({ path }) => ({ path, namespace }));
      build.onResolve({ filter: /.*/, namespace }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /.*/, namespace }, () => ({ contents: `module.exports = require('${file}');` }));
    },
  };
}

/** Of the SDK, what the provider imports. */
function sdkSource(): string {
  const names = ['EC2Client', ...actionsAsked().map((action) => `${action}Command`)];
  return `export { ${names.join(', ')} } from '@aws-sdk/client-ec2';`;
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

/** The numbers by which versions know each other, of the executable's frame and the journal's format, so many on. */
function later(by: number): readonly Plugin[] {
  if (by === 0) return [];
  const setup: Plugin['setup'] = (build) => {
    build.onLoad({ filter: /src\/wire\/(agent\/frame|journal\/format)\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const numbered = /^(export const (?:FRAME_VERSION|FORMAT) = )(\d+);$/m;
      if (!numbered.test(text)) throw new Error(`${path} has no number of a version`);
      const contents = text.replace(numbered, (_, head: string, now: string) => `${head}${Number(now) + by};`);
      return { contents, loader: 'ts' };
    });
  };
  return [{ name: 'later', setup }];
}

/** The licence of each package that the bundle holds a piece of. */
function licences(...metafiles: readonly Metafile[]): string {
  const packages = new Set(['koffi']);
  for (const input of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
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
