import type { Attached, Stage } from '../stage.ts';
import { refusal, success } from '../judge.ts';
import type { NetworkList } from '../libcni/network-list.ts';
import type { Check } from '../check.ts';
import { must, noneOf } from '../verdict.ts';
import { abreast, median } from '../world/wait.ts';
import { execute } from '../libcni/exec.ts';
import { run } from '../world/command.ts';
import { until } from '../world/wait.ts';
import { intact } from './lifecycle.ts';
import { fill, withScarcity } from './scarcity.ts';

/** C22 to C26: GC and STATUS, which no runtime that can be installed calls as the specification wants it. */
export const collectChecks: readonly Check[] = [
  {
    id: 'C22',
    name: 'GC keeps the valid, deletes the rest, and may run twice',
    run: async (stage) => {
      stage.needInterface();
      const list = stage.list({ version: stage.needVersion('1.1.0') });
      const all = await abreast([1, 2, 3, 4], 1, () => stage.attach(list));
      const keep = all.slice(0, 2);
      for (const time of ['the first', 'the second']) {
        await collect(stage, list, keep);
        for (const it of keep) await intact(stage, it, `after ${time} GC`);
        noneOf(await still(all.slice(2), time));
      }
      return '';
    },
  },
  {
    id: 'C23',
    name: 'GC with an empty list deletes all of its own network and nothing of another',
    run: async (stage) => {
      stage.needInterface();
      const version = stage.needVersion('1.1.0');
      const mine = stage.list({ version });
      const others = stage.list({ version, name: 'another' });
      const gone = [await stage.attach(mine), await stage.attach(mine)];
      const kept = await stage.attach(others);
      await collect(stage, mine, []);
      noneOf(await still(gone, 'an empty'));
      await intact(stage, kept, 'of the other network');
      await stage.runtime.check(others, kept.attachment);
      return '';
    },
  },
  { id: 'C24', name: 'GC while ADDs run harms no valid attachment and leaves none in halves', run: collectAmidAdds },
  {
    id: 'C25',
    name: 'STATUS: 0 when up; 50 when down or out of addresses; 51 when rules of pods are gone',
    run: statusTells,
  },
  { id: 'C26', name: 'STATUS takes less than 5 ms', limitMs: 60_000, run: statusTime },
];

/** The verb alone, without the DELs of a runtime's cache, which would do its work. */
async function collect(stage: Stage, list: NetworkList, keep: readonly Attached[]): Promise<void> {
  const valid = keep.map(({ attachment }) => ({ containerID: attachment.containerId, ifname: attachment.ifname }));
  const more = { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid };
  success(await stage.call({ verb: 'GC', list, more }), 'GC');
}

/** Those that should be gone and are not. */
async function still(attachments: readonly Attached[], time: string): Promise<readonly string[]> {
  const found = await Promise.all(attachments.map((it) => it.sandbox.link('eth0')));
  return attachments
    .filter((_, i) => found[i] !== undefined)
    .map((it) => `${it.sandbox.name} still has eth0 after ${time} GC`);
}

async function collectAmidAdds(stage: Stage): Promise<string> {
  stage.needInterface();
  const list = stage.list({ version: stage.needVersion('1.1.0') });
  const keep = await abreast([1, 2, 3], 1, () => stage.attach(list));
  const sandboxes = await abreast(Array.from({ length: 24 }), 4, () => stage.sandbox());
  let adding = true;
  const collecting = (async () => {
    let rounds = 0;
    for (; adding || rounds < 3; rounds++) await collect(stage, list, keep);
    return rounds;
  })();
  const outcomes = await abreast(sandboxes, 6, async (sandbox) =>
    stage.attach(list, {}, sandbox).catch((error: unknown) => error),
  );
  adding = false;
  const rounds = await collecting;
  for (const it of keep) await intact(stage, it, 'a valid one amid ADDs');
  const made = outcomes.filter((each): each is Attached => !(each instanceof Error));
  const halves: string[] = [];
  for (const it of made) {
    if ((await it.sandbox.link('eth0')) === undefined) continue; // collected: it was not on the list
    const silent = await stage.unreachable(it.addresses, 1_000);
    if (silent.length > 0) halves.push(`${it.sandbox.name} has eth0 but ${silent.join()} does not answer`);
  }
  noneOf(halves);
  const after = await stage.attach(list); // and the network still works
  await intact(stage, after, 'of an ADD after all of it');
  return `${rounds} GCs amid ${sandboxes.length} ADDs, ${made.length} answered`;
}

async function statusTells(stage: Stage): Promise<string> {
  const { daemon } = stage;
  const list = stage.list({ version: stage.needVersion('1.1.0') });
  const status = () => stage.call({ verb: 'STATUS', list });
  success(await status(), 'STATUS with the daemon up');
  await daemon.stop();
  const down = refusal(await status(), 'STATUS with the daemon down', 50);
  await daemon.start();
  success(await status(), 'STATUS with the daemon up again');
  let exhausted = '';
  await withScarcity(stage, async (scarce) => {
    await fill(stage, scarce);
    exhausted = refusal(await stage.call({ verb: 'STATUS', list: scarce }), 'STATUS without addresses', 50).text;
    return '';
  });
  must(exhausted !== down.text, `exhausted and down are told alike: ${exhausted}`);
  await stage.attach(list);
  for (const table of await tables()) await run(`nft delete table ${table}`);
  const worst = await until(5_000, async () => {
    const exit = await status();
    return exit.stdout.includes('51') ? exit : undefined;
  });
  refusal(worst ?? (await status()), 'STATUS with the rules of a running pod gone', 51);
  await daemon.stop();
  await daemon.start();
  success(await status(), 'STATUS when the daemon has put the rules back');
  return `exhausted: ${exhausted}`;
}

/** The tables of nftables, "inet name". */
async function tables(): Promise<readonly string[]> {
  const lines = (await run('nft list tables')).split('\n');
  return lines.filter((line) => line.startsWith('table ')).map((line) => line.slice('table '.length));
}

/**
 * Less what executing anything costs here: a spawn from this process is no part of the plugin. Where even that takes
 * longer than 5 ms the machine is too busy to tell, and twice as long as anything is still well.
 */
async function statusTime(stage: Stage): Promise<string> {
  const list = stage.list({ version: stage.needVersion('1.1.0') });
  const spent: number[] = [];
  const anything: number[] = [];
  for (let i = 0; i < 200; i++) {
    const exit = await stage.call({ verb: 'STATUS', list });
    success(exit, 'STATUS');
    spent.push(exit.ms);
    anything.push((await execute({ path: '/bin/true', env: {}, stdin: '', deadlineMs: 5_000 })).ms);
  }
  const floor = median(anything);
  const ms = median(spent) - floor;
  const told = `median of 200: ${ms.toFixed(2)} ms over the ${floor.toFixed(2)} ms of executing anything`;
  must(ms < Math.max(5, floor), told);
  return told;
}
