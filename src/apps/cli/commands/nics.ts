import { familyName } from '../../../base/words.ts';
import type { NicAddresses, NicRow, NicsReply, PodNicRow, PodNicsReply } from '../../../wire/agent/cloud.ts';
import { ADMIN } from '../../../wire/agent/status.ts';
import { type AgentOptions, ask } from '../ask.ts';
import type { ExitKind } from '../exit.ts';
import { saidNoCloud } from '../no-cloud.ts';
import { type Format, print } from '../output.ts';
import { NONE, table } from '../table.ts';
import { type Terminal, toned } from '../terminal.ts';
import { shortCount } from '../words.ts';

const HEADS = ['NIC', 'DEVICE', 'SUBNET', 'LINK', 'TRUST', 'FAMILY', 'USED', 'FREE', 'COOLING', 'KEPT', 'PREFIXES'];

/** `berth nics`: what each NIC holds. */
export async function nics(terminal: Terminal, options: AgentOptions & { readonly output: Format }): Promise<ExitKind> {
  const reply = await ask<NicsReply>(options, ADMIN.nics);
  const { output } = options;
  await print(terminal, output, reply, ({ nics: all, podNics }) => {
    const own = table(
      HEADS,
      all.flatMap((row) => linesOf(terminal, row)),
    );
    return podNics === undefined ? own : `${own}\n${ofPods(podNics)}`;
  });
  if (saidNoCloud(terminal, { output, provider: reply.provider })) return 'ok';
  if (reply.nics.length === 0 && output === 'table') terminal.err('The cloud has not told yet which NICs there are.\n');
  return 'ok';
}

/** NICs of single pods: who has which, and with which groups. */
function ofPods({ enforcing, atMost, nics: all }: PodNicsReply): string {
  const room = atMost === undefined ? '' : ` of ${atMost}`;
  const head = `NICs of single pods (${enforcing}): ${all.length}${room}\n`;
  if (all.length === 0) return head;
  const row = ({ id, vlan, state, groups, addresses, pod = NONE }: PodNicRow) => {
    return [id, `${vlan}`, state, groups.join(','), addresses.join(','), pod];
  };
  return head + table(['NIC', 'VLAN', 'STATE', 'GROUPS', 'ADDRESS', 'POD'], all.map(row));
}

/** A line for each family that it holds something of. Behind the subnet the NICConfig that it was made by. */
function linesOf(terminal: Terminal, row: NicRow): readonly string[][] {
  const head = [
    row.id,
    row.card === 0 ? `${row.device}` : `${row.card}/${row.device}`,
    row.config === undefined ? row.subnet : `${row.subnet} (${row.config})`,
    row.linkReady ? toned(terminal, 'good', 'ready') : 'not ready',
    trustWord(terminal, row),
  ];
  if (row.addresses.length === 0) return [[...head, NONE, '0', '0', '0', '0', '0']];
  return row.addresses.map((it) => [...head, ...countsOf(it)]);
}

function trustWord(terminal: Terminal, { state, kind, trust, forPods }: NicRow): string {
  if (state === 'others') return kind === 'interface' ? "others'" : kind;
  if (trust !== 'sure') return toned(terminal, 'doubtful', trust);
  return forPods ? trust : 'not for pods';
}

function countsOf({ family, used, free, cooling, kept, prefixes }: NicAddresses): readonly string[] {
  const name = familyName(family);
  return [name, `${used}`, shortCount(`${free}`), `${cooling}`, shortCount(`${kept}`), `${prefixes}`];
}
