import { PluginError } from '../libcni/exec.ts';
import type { Attached, Stage } from '../stage.ts';
import type { NetworkList, PluginConf } from '../libcni/network-list.ts';
import type { DaemonMode } from '../profiles/profile.ts';
import { must } from '../verdict.ts';

/** More than any scarce network has. */
const MANY = 40;

/** Runs work on a network with few addresses: there a lost one shows. */
export async function withScarcity(
  stage: Stage,
  work: (list: NetworkList) => Promise<string>,
  more: { behind?: PluginConf } = {},
): Promise<string> {
  const list = stage.list({ name: 'scarce', scarce: true, ...more });
  return withDaemon(stage, { scarce: true }, () => work(list));
}

/** Starts the daemon anew for some work, and once more as usual afterwards. Without a daemon the work is all. */
export async function withDaemon(stage: Stage, mode: DaemonMode, work: () => Promise<string>): Promise<string> {
  const { daemon } = stage.profile;
  if (daemon === undefined) return work();
  await daemon.stop();
  await daemon.start(mode);
  try {
    return await work();
  } finally {
    await daemon.stop();
    await daemon.start();
  }
}

type Made = Pick<Attached, 'attachment' | 'list' | 'result'>;

/** Attaches until a refusal. */
export async function fill(stage: Stage, list: NetworkList): Promise<readonly Made[]> {
  const made: Made[] = [];
  while (made.length < MANY) {
    const attachment = stage.attachment(await stage.sandbox(), list);
    try {
      const result = await stage.runtime.add(list, attachment);
      made.push({ attachment, list, result });
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      await stage.detach({ attachment, list }); // as the specification wants it of a runtime
      return made;
    }
  }
  must(false, `${MANY} ADDs, and still no end of a scarce network`);
}

/** How many attachments the network has room for now; all are gone afterwards. */
export async function capacity(stage: Stage, list: NetworkList): Promise<number> {
  const made = await fill(stage, { ...list, plugins: list.plugins.filter((plugin) => plugin.type !== 'scripted') });
  for (const it of made) await stage.detach(it);
  return made.length;
}
