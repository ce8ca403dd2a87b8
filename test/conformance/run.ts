import { RUNTIME_VERSIONS } from './libcni/network-list.ts';
import { Runtime } from './libcni/runtime.ts';
import type { Profile } from './profiles/profile.ts';
import { Stage } from './stage.ts';
import type { Check } from './check.ts';
import { NotApplicable, type Result } from './verdict.ts';

/** What a check of the table said. */
export interface Outcome {
  readonly id: string;
  readonly name: string;
  readonly result: Result;
  readonly detail: string;
  readonly ms: number;
}

/** How long a check may take unless it says otherwise, and all together: a run always ends. */
const LIMIT_MS = 30_000;
const ALL_MS = 7 * 60_000;

/**
 * Runs the checks one after another, each on a stage of its own. Tells each outcome as it comes. Never throws for what
 * a plugin does.
 */
export async function runChecks(
  checks: readonly Check[],
  profile: Profile,
  folder: string,
  tell: (outcome: Outcome) => void,
): Promise<readonly Outcome[]> {
  const end = performance.now() + ALL_MS;
  const versions = await spoken(profile, folder);
  const outcomes: Outcome[] = [];
  await profile.daemon?.start();
  try {
    for (const check of checks) {
      const outcome = await runOne(check, new Stage({ profile, folder, versions }, check.id), end - performance.now());
      outcomes.push(outcome);
      tell(outcome);
    }
  } finally {
    await profile.daemon?.stop();
  }
  return outcomes;
}

async function runOne(check: Check, stage: Stage, leftMs: number): Promise<Outcome> {
  const begin = performance.now();
  const { result, detail } = await judged(check, stage, Math.min(check.limitMs ?? LIMIT_MS, leftMs));
  const uncleared = await withinLimit(stage.clear(), LIMIT_MS).then(
    () => '',
    (error: unknown) => ` (and could not be cleared away: ${String(error)})`,
  );
  return {
    id: check.id,
    name: check.name,
    result,
    detail: detail + uncleared,
    ms: Math.round(performance.now() - begin),
  };
}

async function judged(check: Check, stage: Stage, limitMs: number): Promise<{ result: Result; detail: string }> {
  if (limitMs <= 0) return { result: 'fail', detail: 'not run: the time for all checks was up' };
  try {
    return { result: 'pass', detail: await withinLimit(check.run(stage), limitMs) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { result: error instanceof NotApplicable ? 'n/a' : 'fail', detail };
  }
}

function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${Math.round(limitMs / 1_000)} s`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** The versions that both sides speak, oldest first. Throws when the plugin tells none. */
async function spoken(profile: Profile, folder: string): Promise<readonly string[]> {
  const env = { PATH: process.env['PATH'] ?? '', ...profile.env };
  const { directories: pluginDirectories, type } = profile;
  const runtime = new Runtime({ pluginDirectories, cacheDirectory: folder, env, deadlineMs: 10_000 });
  const said = await runtime.versions(type);
  const both = RUNTIME_VERSIONS.filter((version) => said.includes(version));
  if (both.length === 0)
    throw new Error(`${type} speaks ${said.join(', ') || 'no version'}: none that this runner knows`);
  return both;
}
