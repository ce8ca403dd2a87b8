import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../../src/base/random.ts';
import { success } from '../judge.ts';
import { execute } from '../libcni/exec.ts';
import { pluginStdin } from '../libcni/network-list.ts';
import { cniEnvironment } from '../libcni/runtime.ts';
import type { Stage } from '../stage.ts';
import type { Check } from '../check.ts';
import { must, noneOf } from '../verdict.ts';
import { abreast } from '../world/wait.ts';
import { capacity, withScarcity } from './scarcity.ts';

/** C27, C28, C36 and C38: many at once, killed, replaced, and large. */
export const loadChecks: readonly Check[] = [
  {
    id: 'C27',
    name: '64 concurrent ADDs: distinct addresses, all answer',
    limitMs: 60_000,
    run: async (stage) => {
      const list = stage.list();
      const sandboxes = await abreast(Array.from({ length: 64 }), 4, () => stage.sandbox());
      const begin = performance.now();
      const made = await Promise.all(sandboxes.map((sandbox) => stage.attach(list, {}, sandbox)));
      const ms = performance.now() - begin;
      const all = made.flatMap((it) => it.addresses);
      must(new Set(all).size === all.length, `${all.length - new Set(all).size} addresses were given twice`);
      const silent = stage.profile.ipam === true ? [] : await stage.unreachable(all, 10_000);
      must(silent.length === 0, `no answer from ${silent.join()}`);
      return `${all.length} addresses, all ADDs in ${ms.toFixed(0)} ms`;
    },
  },
  { id: 'C28', name: 'ADD killed at 20 random instants, then DEL: nothing is left', limitMs: 60_000, run: killedAdds },
  {
    id: 'C36',
    name: 'the binary replaced by rename during 100 ADDs: no failure',
    limitMs: 60_000,
    run: replacedBinary,
  },
  {
    id: 'C38',
    name: 'a configuration of 1 MB works',
    run: async (stage) => {
      const list = stage.list();
      const about = stage.attachment(await stage.sandbox(), list);
      const more = { padding: 'x'.repeat(1 << 20) };
      success(await stage.call({ verb: 'ADD', list, about, more }), 'ADD');
      success(await stage.call({ verb: 'DEL', list, about, more }), 'DEL');
      return '';
    },
  },
];

async function killedAdds(stage: Stage): Promise<string> {
  const random = seeded(28);
  return withScarcity(stage, async (list) => {
    const before = await stage.atRest(list);
    const room = await capacity(stage, list);
    const usual = Math.min(...(await abreast([1, 2, 3, 4, 5], 1, () => timedAdd(stage, list))));
    let killed = 0;
    for (let i = 0; i < 20; i++) {
      const about = stage.attachment(await stage.sandbox(), list);
      // one in each twentieth, so that none of an ADD's stages is left out
      const at = ((i + random.fraction()) / 20) * 1.2 * usual;
      const exit = await stage.call({ verb: 'ADD', list, about, started: (kill) => killAfter(kill, at) });
      if (exit.signal === 'SIGKILL') killed++;
      success(await stage.call({ verb: 'DEL', list, about }), `DEL after an ADD killed at ${at.toFixed(2)} ms`);
    }
    must(killed > 0, 'every ADD was faster than its end');
    noneOf(await stage.residue(before));
    const left = await capacity(stage, list);
    must(left === room, `${room - left} of ${room} addresses are lost`);
    return `${killed} of 20 died, an ADD takes ${usual.toFixed(1)} ms; all ${room} addresses free`;
  });
}

async function timedAdd(stage: Stage, list: ReturnType<Stage['list']>): Promise<number> {
  const about = stage.attachment(await stage.sandbox(), list);
  const exit = await stage.call({ verb: 'ADD', list, about });
  success(exit, 'ADD');
  success(await stage.call({ verb: 'DEL', list, about }), 'DEL');
  return exit.ms;
}

/** Fractions of a millisecond matter, and timers count whole ones: the last two are spent watching the clock. */
function killAfter(kill: () => void, ms: number): void {
  const end = performance.now() + ms;
  const watch = () => {
    while (performance.now() < end);
    kill();
  };
  if (ms < 3) watch();
  else setTimeout(watch, ms - 2);
}

async function replacedBinary(stage: Stage): Promise<string> {
  const { type } = stage.profile;
  const original = join(stage.profile.directories[0] ?? '', type);
  const directory = join(stage.folder, 'replaced');
  const path = join(directory, type);
  mkdirSync(directory, { recursive: true });
  copyFileSync(original, path);
  let replacements = 0;
  let adding = true;
  const replacing = (async () => {
    while (adding) {
      copyFileSync(original, `${path}.new`);
      renameSync(`${path}.new`, path);
      replacements++;
      await sleep(2);
    }
  })();
  const list = stage.list();
  const sandboxes = await abreast(Array.from({ length: 100 }), 4, () => stage.sandbox());
  const directories = [directory, ...stage.directories];
  const failures: string[] = [];
  await abreast(sandboxes, 6, async (sandbox) => {
    const about = stage.attachment(sandbox, list);
    const stdin = pluginStdin(list, list.plugins[0] ?? { type }, {});
    const env = { ...stage.env, ...cniEnvironment('ADD', directories, about) };
    const exit = await execute({ path, env, stdin, deadlineMs: 20_000 });
    if (exit.exitCode !== 0) failures.push(exit.stdout.slice(0, 200) || exit.stderr.slice(0, 200));
  });
  adding = false;
  await replacing;
  must(replacements >= 20, `only ${replacements} replacements`);
  must(failures.length === 0, `${failures.length} of 100 failed, the first: ${failures[0]}`);
  return `${replacements} replacements`;
}
