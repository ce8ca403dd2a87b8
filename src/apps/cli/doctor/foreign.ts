import { HOST_LINK_PREFIX } from '../../../core/datapath/numbers.ts';
import type { NodeFiles } from '../../../io/system/node-files.ts';
import type { Finding } from '../../../wire/agent/status.ts';
import { bad, doubtful, good, type NodeView, skipped } from './view.ts';

/** Does somebody's firewall drop what pods send and get? */
export async function checkForward(node: NodeView): Promise<readonly Finding[]> {
  const { network, repair } = node.config;
  const { ranges, forwardAccept } = network;
  const dropped = await node.droppedRanges(ranges);
  const unclear = node.legacyUnclear(ranges);
  if (dropped.length === 0 && unclear !== undefined) {
    const says = `iptables-legacy is in use, and whether its FORWARD chain drops cannot be said here: ${unclear}`;
    const advice = `on the node itself: "iptables-legacy -S FORWARD"; where it begins with "-P FORWARD DROP", accept ${ranges.join(', ')} there`;
    return [doubtful('forward', says, advice)];
  }
  if (dropped.length === 0) return [good('forward', 'no foreign FORWARD chain drops what pods send')];
  const says = `a FORWARD chain with policy drop stops ${dropped.join(', ')}`;
  if (!forwardAccept) return [bad('forward', says, 'set network.forwardAccept, or accept these ranges there yourself')];
  if (node.agent === undefined)
    return [doubtful('forward', says, 'the agent opens it for these ranges when it starts')];
  if (!repair.enabled) return [bad('forward', says, 'repair is off: restart the agent, which opens it when it starts')];
  const seconds = repair.intervalMs / 1_000;
  const soon = `the agent opens such chains within ${seconds} s; if this stays, somebody closes them again`;
  return [bad('forward', says, soon)];
}

/** Does somebody who manages links take ours for his? Only an image has no os-release(5). */
export function checkLinkManagers({ files }: NodeView): readonly Finding[] {
  if (!files.exists('/etc/os-release'))
    return [
      skipped('link managers', "a container does not see the node's NetworkManager or networkd: docs/operating.md"),
    ];
  return [...networkManager(files), ...networkd(files)];
}

/** NetworkManager makes connections on links it does not know: see its "unmanaged-devices" (NetworkManager.conf(5)). */
function networkManager(files: NodeFiles): readonly Finding[] {
  if (!files.exists('/run/NetworkManager')) return [];
  const settings = textsIn(files, ['/etc/NetworkManager', '/usr/lib/NetworkManager'], '.conf');
  const unmanaged = settings.some((text) =>
    new RegExp(`^unmanaged-devices=.*interface-name:${HOST_LINK_PREFIX}\\*`, 'm').test(text),
  );
  if (unmanaged) return [good('NetworkManager', `leaves ${HOST_LINK_PREFIX}* alone`)];
  const line = `unmanaged-devices=interface-name:${HOST_LINK_PREFIX}*;interface-name:berth*`;
  const file = '/etc/NetworkManager/conf.d/berth.conf';
  const advice = `write "[keyfile]" and "${line}" to ${file}, then "nmcli general reload"`;
  return [doubtful('NetworkManager', `runs, and may configure the links of pods`, advice)];
}

/** systemd-networkd drops routes and rules that it did not make, when it starts (networkd.conf(5)). */
function networkd(files: NodeFiles): readonly Finding[] {
  if (!files.exists('/run/systemd/netif/state')) return [];
  const settings = textsIn(files, ['/etc/systemd', '/usr/lib/systemd'], 'networkd.conf').join('\n');
  const kept = (key: string) => new RegExp(`^${key}=(no|false|0|off)$`, 'm').test(settings);
  const missing = ['ManageForeignRoutes', 'ManageForeignRoutingPolicyRules'].filter((key) => !kept(key));
  if (missing.length === 0) return [good('networkd', 'leaves foreign routes and rules alone')];
  const lines = missing.map((key) => `${key}=no`).join('" and "');
  const advice = `write "[Network]" and "${lines}" to /etc/systemd/networkd.conf.d/berth.conf`;
  return [doubtful('networkd', 'runs, and removes the routes of pods whenever it is restarted', advice)];
}

/** The texts of a settings file and of the pieces in its ".d" directories. */
function textsIn(files: NodeFiles, folders: readonly string[], ending: string): readonly string[] {
  const pieces = ['', '/conf.d', '/networkd.conf.d'];
  return folders.flatMap((folder) =>
    pieces.flatMap((piece) =>
      files
        .names(`${folder}${piece}`)
        .filter((name) => name.endsWith(piece === '' ? ending : '.conf'))
        .flatMap((name) => files.text(`${folder}${piece}/${name}`) ?? []),
    ),
  );
}
