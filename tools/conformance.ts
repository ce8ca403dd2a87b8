import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allChecks } from '../test/conformance/checks/all.ts';
import { companionChecks } from '../test/conformance/checks/companions.ts';
import { installScripted } from '../test/conformance/plugins/install-scripted.ts';
import { berthProfile } from '../test/conformance/profiles/berth.ts';
import { givenNetwork, givenProfile } from '../test/conformance/profiles/given.ts';
import type { Profile } from '../test/conformance/profiles/profile.ts';
import { hostLocalProfile, referenceProfile } from '../test/conformance/profiles/reference.ts';
import { report, summary, told } from '../test/conformance/report.ts';
import { runChecks } from '../test/conformance/run.ts';
import { makeNode } from '../test/conformance/world/node.ts';
import { referencePlugins } from './reference-plugins.ts';

const USAGE = `usage: npm run conformance -- [options]
  --plugin P     a CNI plugin: its path, or one of the reference ones: bridge, ptp, host-local.
                 Without it: Berth, with an agent of its own.
  --config FILE  its configuration, a conflist or one plugin's object; needed for plugins this runner does not know
  --only C1,C2   only these checks
  --more         also R1, in front of reference plugins, which is none of the forty
  --json         one JSON document on stdout instead of the table
`;

const BERTH = fileURLToPath(new URL('../build/berth-cni', import.meta.url));

/** Everything happens on this tmpfs, which ends with the run. */
const FOLDER = '/run/conformance';

/**
 * The run's own world: mounts, network and processes of its own, a tmpfs over /run, and an end of everything when this
 * process ends. In a user namespace too where we are not root. Whoever of the three is killed (this process, unshare,
 * the inner one) takes the rest along.
 */
const WORLD = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
const INSIDE = 'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && "$@"; exit $?';

const { values: options } = parseArgs({
  options: {
    plugin: { type: 'string', default: 'berth' },
    config: { type: 'string' },
    only: { type: 'string' },
    more: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    inside: { type: 'string' }, // the directory of reference plugins; given only by this program to itself
  },
});

if (options.help) process.stdout.write(USAGE);
else if (options.inside === undefined) process.exitCode = enterWorld();
else process.exitCode = await main(options.inside).catch(explained);

/**
 * Runs this program again in a world of its own. There is no network in there, so what must be built is built before.
 */
function enterWorld(): number {
  const { directory, note, version } = referencePlugins();
  if (note !== '') process.stderr.write(`reference plugins ${version}, for the newest cannot be built: ${note}\n`);
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const again = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2), '--inside', directory];
  const world = ['unshare', ...user, ...WORLD, '--', 'sh', '-c', INSIDE, 'sh', ...again];
  const { status, error } = spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', ...world], { stdio: 'inherit' });
  if (error !== undefined) process.stderr.write(`setpriv: ${error.message}\n`);
  return status ?? 1;
}

/** What keeps a run from beginning at all: no plugin, no configuration, an agent that does not start. */
function explained(error: unknown): number {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
}

async function main(companions: string): Promise<number> {
  mkdirSync(FOLDER, { recursive: true });
  installScripted(`${FOLDER}/bin`);
  await makeNode();
  const profile = chosenProfile(companions);
  const only = options.only?.split(',');
  const known = options.more ? [...allChecks, ...companionChecks] : allChecks;
  const checks = known.filter((check) => only === undefined || only.includes(check.id));
  const outcomes = await runChecks(checks, profile, FOLDER, (outcome) => {
    if (!options.json) process.stdout.write(`${told(outcome)}\n`);
  });
  const whole = report(profile.plugin, outcomes);
  process.stdout.write(options.json ? `${JSON.stringify(whole)}\n` : `${summary(whole)}\n`);
  return whole.failed === 0 ? 0 : 1;
}

function chosenProfile(companions: string): Profile {
  const { plugin } = options;
  const configuration = options.config === undefined ? undefined : readFileSync(options.config, 'utf8');
  const type = plugin === 'berth' ? 'berth-cni' : basename(plugin);
  if (type === 'berth-cni') {
    const executable = plugin === 'berth' ? BERTH : resolve(plugin);
    if (!existsSync(executable)) throw new Error(`${executable} is not there: npm run build`);
    const berth = berthProfile(executable, companions, FOLDER);
    return configuration === undefined ? berth : { ...berth, network: givenNetwork(type, configuration) };
  }
  const path = plugin.includes('/') ? resolve(plugin) : resolve(companions, plugin);
  if (configuration !== undefined) return givenProfile(path, configuration, companions);
  if (type === 'bridge' || type === 'ptp') return referenceProfile(type, dirname(path), FOLDER);
  if (type === 'host-local') return hostLocalProfile(dirname(path), FOLDER);
  throw new Error(`how is ${type} configured? Give its configuration with --config`);
}
