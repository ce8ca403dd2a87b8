import { readFileSync } from 'node:fs';
import { code, markdownTable } from './table.ts';

/** What each variable means that native/shim/main.c reads. */
const MEANINGS: Readonly<Record<string, string>> = {
  BERTH_SOCKET: 'The socket of the agent.',
  BERTH_SPOOL: 'Where a DEL is kept that no agent answers.',
  BERTH_WAIT_MS: 'How long an ADD waits for an agent to come up. Other verbs wait 3 s at most, STATUS not at all.',
  BERTH_ADD_BUDGET_MS: 'How long a call may take in all, so that its own "no" comes before the runtime gives up.',
  BERTH_DEL_BUDGET_MS: 'The same for a DEL: after it, the DEL is kept.',
  BERTH_STATUS_BUDGET_MS: 'The same for STATUS and VERSION.',
};

/** The variables of the CNI executable. Throws when the source and `MEANINGS` name different ones. */
export function executableTable(): string {
  const source = readFileSync('native/shim/main.c', 'utf8');
  const read = [...source.matchAll(/(ms_)?setting\("(BERTH_\w+)", (?:"([^"]*)"|(\d+))\)/g)].map(
    ([, , name = '', path, ms]) => ({ name, fallback: path ?? ms ?? '' }),
  );
  const [inSource, told] = [read.map(({ name }) => name).toSorted(), Object.keys(MEANINGS).toSorted()];
  if (inSource.join() !== told.join())
    throw new Error(
      `native/shim/main.c reads ${inSource.join(', ')}; tools/docs/executable.ts tells ${told.join(', ')}`,
    );
  const rows = Object.entries(MEANINGS).map(([name, about]) => [
    code(name),
    code(read.find((it) => it.name === name)?.fallback ?? ''),
    about,
  ]);
  return markdownTable(['variable', 'default', 'meaning'], rows);
}
