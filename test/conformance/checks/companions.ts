import type { Check } from '../check.ts';
import type { Stage } from '../stage.ts';
import { success } from '../judge.ts';
import { must, noneOf } from '../verdict.ts';
import { NODE } from '../world/node.ts';
import { intact } from './lifecycle.ts';
import { answered } from './ports.ts';
import { BANDWIDTH, ratesKept } from './rate.ts';

/** R1: beyond the forty, the plugin in front of the reference ones that people chain most. */
export const companionChecks: readonly Check[] = [
  {
    id: 'R1',
    name: 'in front of the reference portmap, bandwidth and tuning: all do their work, and DEL leaves nothing',
    limitMs: 60_000,
    run: inFront,
  },
];

/** The plugin's own capabilities are taken away, so that the work is left to those behind it. */
async function inFront(stage: Stage): Promise<string> {
  stage.needInterface();
  const own = stage.list({ version: await stage.versionWith('portmap', 'bandwidth', 'tuning') });
  const list = {
    ...own,
    plugins: [
      ...own.plugins.map((plugin) => ({ ...plugin, capabilities: {} })),
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
      { type: 'bandwidth', capabilities: { bandwidth: true } },
      { type: 'tuning', sysctl: { 'net.ipv4.conf.IFNAME.log_martians': '1' } },
    ],
  };
  const portMappings = [{ hostPort: 18_090, containerPort: 80, protocol: 'tcp' }];
  const asked = { capabilityArgs: { portMappings, bandwidth: BANDWIDTH } };
  const before = await stage.atRest(list, asked);
  const it = await stage.attach(list, asked);
  await intact(stage, it, 'in a chain');
  const more = { prevResult: it.result }; // the plugin alone: portmap 1.1.1 cannot CHECK a pod of two families
  success(await stage.call({ verb: 'CHECK', list, about: it.attachment, more }), 'CHECK');
  await (await it.sandbox.probe()).ask('serve', 'pod', 80);
  const outside = await stage.probe('outside');
  const answer = await answered(() => outside.ask('tcp', NODE.v4, 18_090, 1_000), 'pod');
  must(answer.startsWith('pod'), `TCP from outside through portmap: ${answer}`);
  const rates = await ratesKept(stage, it);
  await stage.detach(it);
  noneOf(await stage.residue(before));
  return rates;
}
