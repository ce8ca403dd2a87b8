import type { Format } from './output.ts';
import type { Terminal } from './terminal.ts';

const NO_CLOUD = 'podcidr';

/** Says on a node without a cloud that it has none, for eyes; JSON and YAML have the provider. Whether it has none. */
export function saidNoCloud(terminal: Terminal, of: { readonly output: Format; readonly provider: string }): boolean {
  if (of.provider !== NO_CLOUD) return false;
  if (of.output === 'table')
    terminal.err(
      'This node has no cloud (provider: podcidr): its addresses are those of network.ranges, see berth status.\n',
    );
  return true;
}
