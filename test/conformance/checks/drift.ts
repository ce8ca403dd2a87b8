import type { Attached, Stage } from '../stage.ts';
import { refusal } from '../judge.ts';
import { PluginError } from '../libcni/exec.ts';
import type { Check } from '../check.ts';
import { must, noneOf } from '../verdict.ts';
import { run } from '../world/command.ts';
import { routes } from '../world/node.ts';
import { until } from '../world/wait.ts';
import { intact } from './lifecycle.ts';
import { withDaemon } from './scarcity.ts';

/** One way in which the world can move away from what ADD made. */
interface Drift {
  readonly what: string;
  /** Makes it happen; answers what an error should name, or undefined when the plugin makes no such thing. */
  inject(stage: Stage, it: Attached): Promise<RegExp | undefined>;
}

const drifts: readonly Drift[] = [
  {
    what: 'deleted address',
    inject: async (_, it) => {
      const lost = (await it.sandbox.link('eth0'))?.addr_info.find((each) => each.scope === 'global');
      must(lost !== undefined, 'the interface has no global address');
      await it.sandbox.ip(`addr del ${lost.local}/${lost.prefixlen} dev eth0`);
      return named(lost.local);
    },
  },
  {
    what: 'deleted route',
    inject: async (_, it) => {
      await it.sandbox.ip('route del default');
      return /route|default|0\.0\.0\.0\/0/i;
    },
  },
  {
    what: 'deleted link',
    inject: async (_, it) => {
      await it.sandbox.ip('link del eth0');
      return /eth0|link|interface/i;
    },
  },
  {
    what: 'deleted route of the host',
    inject: async (_, it) => {
      const address = it.addresses[0] ?? '';
      if (!(await routes('-4')).some((route) => route.startsWith(`route ${address} dev`))) return undefined;
      await run(`ip route del ${address}`);
      return named(address);
    },
  },
  {
    what: 'deleted nft element',
    inject: async (_, it) => {
      const element = await elementOf(it.addresses[0] ?? '');
      if (element === undefined) return undefined;
      await run(`nft delete element ${element.family} ${element.table} ${element.set} { ${element.key} }`);
      return named(element.set, it.addresses[0] ?? '', element.key.split(' . ')[0] ?? '');
    },
  },
  {
    what: 'lowered MTU',
    inject: async (_, it) => {
      await it.sandbox.ip('link set eth0 mtu 1280');
      return /mtu|1280/i;
    },
  },
];

/** C19 to C21. */
export const driftChecks: readonly Check[] = [
  {
    id: 'C19',
    name: 'CHECK is content after ADD, and names what was deleted or changed since',
    run: async (stage) => {
      stage.needVersion('0.4.0');
      stage.needInterface();
      const findings: string[] = [];
      const told: string[] = [];
      for (const drift of drifts) {
        const it = await stage.attach(stage.list(), await withPort(stage));
        await stage.runtime.check(it.list, it.attachment);
        const expected = await drift.inject(stage, it);
        if (expected === undefined) told.push(`no ${drift.what.split(' ').slice(1).join(' ')} to lose`);
        else findings.push(...(await unnoticed(stage, it, drift.what, expected)));
        await stage.detach(it).catch(() => {}); // what DEL does of a broken attachment is another check's question
      }
      noneOf(findings);
      return told.join('; ');
    },
  },
  {
    id: 'C20',
    name: 'CHECK in a chain tolerates MAC and MTU that a later plugin changed',
    run: tuned,
  },
  {
    id: 'C21',
    name: 'CHECK at 0.3.1: code 1',
    run: async (stage) => {
      const list = stage.list({ version: stage.needVersion('0.3.1') });
      const it = await stage.attach(list);
      const more = { prevResult: it.result };
      refusal(await stage.call({ verb: 'CHECK', list, about: it.attachment, more }), 'CHECK', 1);
      return '';
    },
  },
];

/**
 * A change of the MAC takes the link down and up again, and with that the kernel forgets routes and neighbours: a
 * daemon that puts them back has three seconds for it.
 */
async function tuned(stage: Stage): Promise<string> {
  stage.needVersion('0.4.0');
  stage.needInterface();
  const version = await stage.versionWith('tuning');
  const behind = { type: 'tuning', mac: '02:00:5e:00:53:01', mtu: 1300 };
  return withDaemon(stage, { repairing: true }, async () => {
    const it = await stage.attach(stage.list({ behind, version }));
    const link = await it.sandbox.link('eth0');
    must(link?.mtu === 1300 && link.address === behind.mac, 'the tuning plugin has changed nothing');
    const content = () =>
      stage.runtime.check(it.list, it.attachment).then(
        () => true,
        () => undefined,
      );
    await until(3_000, content);
    await stage.runtime.check(it.list, it.attachment);
    await intact(stage, it, 'tuned');
    return 'behind it the reference tuning plugin';
  });
}

/** A port mapping gives the attachment elements of its own, where the plugin does them itself. */
async function withPort(stage: Stage) {
  const own = stage.list().plugins.find((plugin) => plugin.type === stage.profile.type)?.capabilities;
  if (own?.['portMappings'] !== true) return {};
  return { capabilityArgs: { portMappings: [{ hostPort: 18_080, containerPort: 80, protocol: 'tcp' }] } };
}

async function unnoticed(stage: Stage, it: Attached, what: string, expected: RegExp): Promise<readonly string[]> {
  try {
    await stage.runtime.check(it.list, it.attachment);
    return [`${what}: CHECK found nothing`];
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    refusal(error.exit, what);
    return expected.test(error.message) ? [] : [`${what}: not named in "${error.message.slice(0, 200)}"`];
  }
}

/** An element of any set or map, of which an address is a part. The key as nft reads it. */
async function elementOf(
  address: string,
): Promise<{ family: string; table: string; set: string; key: string } | undefined> {
  const listed = JSON.parse((await run('nft -j list ruleset')) || '{}') as {
    nftables?: readonly Record<string, unknown>[];
  };
  for (const object of listed.nftables ?? []) {
    const holder = (object['set'] ?? object['map']) as
      | { family: string; table: string; name: string; elem?: readonly unknown[] }
      | undefined;
    for (const elem of holder?.elem ?? []) {
      if (holder === undefined || !JSON.stringify(elem).includes(`"${address}"`)) continue;
      const { family, table, name } = holder;
      return {
        family,
        table,
        set: name,
        key: keyText(object['map'] === undefined ? elem : (elem as readonly unknown[])[0]),
      };
    }
  }
  return undefined;
}

/** The key of an element of `nft -j` in nft's own words. */
function keyText(key: unknown): string {
  if (typeof key !== 'object' || key === null) return String(key);
  const { elem, concat, prefix } = key as {
    elem?: { val: unknown };
    concat?: readonly unknown[];
    prefix?: { addr: string; len: number };
  };
  if (elem !== undefined) return keyText(elem.val);
  if (prefix !== undefined) return `${prefix.addr}/${prefix.len}`;
  return (concat ?? []).map(keyText).join(' . ');
}

/** Any of the words, literally. */
function named(...words: readonly string[]): RegExp {
  return new RegExp(
    words
      .filter((word) => word !== '')
      .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('|'),
  );
}
