import { at, type AwsRow, check, walk } from './aws-row.ts';

/** A1 to A26: the verbs, restarts, readiness. */
export const CNI_ROWS: readonly AwsRow[] = [
  {
    asks: 'One ADD gives the pod its address, a default route by 169.254.1.1 and a neighbour for it; node and pods answer.',
    also: [
      walk('a pod comes, is as it was made, and goes with everything'),
      at('test/kernel/nics.test.ts', 'pods of one node reach each other and the node, whatever their NIC'),
    ],
  },
  {
    asks: 'The same ADD twice: one address, one allocation.',
    also: [
      walk('C11: a second ADD of the same attachment gets the same answer, and changes nothing'),
      check('lifecycle.ts', 'ADD twice: an error or the same answer again, the first attachment intact'),
    ],
  },
  {
    asks: 'After DEL no rule, route, link or allocation of the pod is left.',
    also: [walk('a pod comes, is as it was made, and goes with everything')],
  },
  {
    asks: 'DEL twice, or of what never was: exit 0.',
    also: [walk('C13, C17: a second DEL, and one of a container that never was, succeed')],
  },
  {
    asks: 'DEL without the agent: exit 0; the address is back once the agent is.',
    also: [
      at(
        'test/shim/alone.test.ts',
        'a DEL without an agent is on record in the spool, whole and for root alone, and succeeds (C17)',
      ),
      walk('a spooled DEL is carried out when it comes, and before an ADD of the same attachment'),
    ],
  },
  {
    asks: 'The same without prevResult; after GC nothing is left.',
    also: [
      check('lifecycle.ts', 'DEL without prevResult, and with a garbled one, succeeds'),
      check('collect.ts', 'GC keeps the valid, deletes the rest, and may run twice'),
    ],
  },
  {
    asks: "CHECK fails with code and message when the pod's route is gone.",
    also: [
      walk('CHECK names what is missing, and `why` tells it'),
      check('drift.ts', 'CHECK is content after ADD, and names what was deleted or changed since'),
    ],
  },
  {
    asks: 'STATUS: 50 or 51 when no address can be given, or the agent is away.',
    also: [check('collect.ts', 'STATUS: 0 when up; 50 when down or out of addresses; 51 when rules of pods are gone')],
  },
  {
    asks: 'GC removes what the runtime does not list, and nothing else.',
    also: [
      at(
        'src/apps/node-agent/gc-status-walk.test.ts',
        'C22, C23: GC removes what the runtime no longer lists, of this network only',
      ),
    ],
  },
  {
    asks: 'VERSION: 0.3.1 to 1.1.0.',
    also: [check('protocol.ts', 'VERSION answers for empty stdin and for each version')],
  },
  {
    asks: 'An ADD on a dry subnet has a code and a text of its own, and an Event.',
    also: [
      at(
        'src/apps/node-agent/cloud-walk.test.ts',
        'a subnet that has run dry refuses with its name, and serves again when it has addresses',
      ),
    ],
  },
  {
    asks: 'An agent that hangs: the ADD fails within its own limit.',
    also: [check('daemon.ts', 'a daemon that hangs up or is slow: code 11 before the runtime loses patience')],
  },
  {
    asks: 'A fault after any step of an ADD leaves what was there before it.',
    also: [
      walk('C18: a fault at any item leaves nothing behind'),
      at('src/io/kernel/execute.test.ts', 'a fault at any item leaves nothing of it (C18)'),
    ],
  },
  {
    asks: '50 ADDs at once get distinct addresses; p99 is told.',
    also: [
      check('load.ts', '64 concurrent ADDs: distinct addresses, all answer'),
      walk('K3: a hundred ADDs at once get a hundred addresses, none of them network, gateway or broadcast'),
    ],
    command: 'npm run bench',
  },
  {
    asks: 'A late DEL of the old sandbox leaves the new pod of the same name alone.',
    also: [
      walk('C40: a late DEL of an older sandbox leaves the newer alone'),
      check('lifecycle.ts', "a late DEL of a pod's old sandbox leaves its new sandbox alone"),
    ],
  },
  {
    asks: 'Killed 1,000 times at any instant: no address twice, none lost.',
    command: 'npm run torture -- --kills 1000',
  },
  {
    asks: 'State that is cut or garbled: what lives is read off the kernel and the cloud, and told.',
    also: [
      at(
        'test/agent/restart.test.ts',
        'has lost its journal: what lives is read off the kernel, and its addresses are given to nobody',
      ),
    ],
  },
  { asks: 'After a reboot nobody is attached, and stale rules go.' },
  {
    asks: 'A restart under traffic loses no packet; the addresses stay.',
    also: [
      walk('claims survive the process: nothing is given twice, and DEL undoes what the one before made'),
      at('test/agent/restart.test.ts', 'answers the first ADD within a second or so, and gives no address twice'),
    ],
  },
  {
    asks: 'Executable and agent one version apart serve ADD and DEL.',
  },
  {
    asks: 'Upgrade and rollback with 100 pods keep 99.9 % of pings.',
    also: [check('load.ts', 'the binary replaced by rename during 100 ADDs: no failure')],
  },
  {
    asks: 'Conflist and taint wait for a first address and a self-check.',
    also: [at('test/agent/install.test.ts', 'no conflist is written before the agent serves')],
  },
  { asks: 'STATUS fails, or the node is tainted, when no address can be given or the agent is dead.' },
  {
    asks: 'ADDs are served from local state while the API server is away.',
    also: [
      at('src/apps/node-agent/cloud-walk.test.ts', 'while the cloud does not answer, what is warm is given'),
      at('test/agent/restart.test.ts', 'answers the first ADD within a second or so, and gives no address twice'),
    ],
  },
  {
    asks: 'A deleted conflist is back in 10 s; the executable is replaced whole.',
    also: [check('load.ts', 'the binary replaced by rename during 100 ADDs: no failure')],
  },
  { asks: 'SIGTERM or a crash during a call of the cloud leaves nothing behind.' },
];
