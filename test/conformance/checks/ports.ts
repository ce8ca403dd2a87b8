import type { Attached, Stage } from '../stage.ts';
import type { Probe } from '../probe/probe.ts';
import type { Answer } from '../probe/socket-calls.ts';
import { noneOf } from '../verdict.ts';
import { NODE } from '../world/node.ts';
import { until } from '../world/wait.ts';

const TCP = 18_080;
const NARROW = 18_081; // on one address of the node only
const UDP = 15_353;
const SCTP = 17_000;

const MAPPINGS = [
  { hostPort: TCP, containerPort: 80, protocol: 'tcp' },
  { hostPort: NARROW, containerPort: 80, protocol: 'tcp', hostIP: NODE.other4 },
  { hostPort: UDP, containerPort: 53, protocol: 'udp' },
  { hostPort: SCTP, containerPort: 7_000, protocol: 'sctp' },
];

/** How long a path may take to work: duplicate address detection of IPv6 takes a second or two. */
const SOON_MS = 4_000;

/** C32: port mappings, from everywhere, and moved from one pod to another. */
export async function portMappings(stage: Stage): Promise<string> {
  const list = stage.list({ capability: 'portMappings' });
  const first = await mapped(stage, list, 'first');
  const findings = [
    ...(await fromEverywhere(stage, first)),
    ...(await initsArrive(stage, first)),
    ...(await moved(stage, first)),
  ];
  noneOf(findings);
  return 'TCP, UDP, SCTP, hostIP, IPv6; from outside, the node, another pod and itself; UDP flow moved';
}

async function mapped(stage: Stage, list: Attached['list'], name: string): Promise<Attached> {
  const it = await stage.attach(list, { capabilityArgs: { portMappings: MAPPINGS } });
  const probe = await it.sandbox.probe();
  await probe.ask('serve', name, 80);
  await probe.ask('serve', name, 53);
  return it;
}

async function fromEverywhere(stage: Stage, first: Attached): Promise<readonly string[]> {
  const outside = await stage.probe('outside');
  const node = await stage.probe('node');
  const pod = await first.sandbox.probe();
  const other = await (await stage.attach({ ...first.list })).sandbox.probe();
  const findings: string[] = [];
  const reaches = async (from: string, probe: Probe, host: string, port: number) => {
    const answer = await answered(() => probe.ask('tcp', host, port, 1_000), 'first');
    if (!answer.startsWith('first')) findings.push(`TCP from ${from} to ${host}:${port}: ${answer}`);
  };
  await reaches('outside', outside, NODE.v4, TCP);
  await reaches('outside', outside, NODE.v6, TCP);
  await reaches('outside', outside, NODE.other4, NARROW);
  await reaches('the node', node, NODE.v4, TCP);
  await reaches('the node', node, '127.0.0.1', TCP);
  await reaches('another pod', other, NODE.v4, TCP);
  await reaches('the pod itself', pod, NODE.v4, TCP);
  const narrow = await outside.ask('tcp', NODE.v4, NARROW, 500);
  if ('text' in narrow) findings.push(`hostIP ${NODE.other4} is reached under ${NODE.v4} too`);
  return findings;
}

/** The kernel may lack SCTP sockets, so the INIT is made by hand and looked for on a raw socket in the pod. */
async function initsArrive(stage: Stage, first: Attached): Promise<readonly string[]> {
  const outside = await stage.probe('outside');
  const pod = await first.sandbox.probe();
  await pod.ask('sctpListen');
  const findings: string[] = [];
  for (const host of [NODE.v4, NODE.v6]) {
    const count = (await pod.ask('sctpSeen')).length;
    const init = await until(SOON_MS, async () => {
      await outside.ask('sctpSend', host, SCTP, 40_000 + Math.floor(performance.now() % 20_000));
      return (await pod.ask('sctpSeen'))[count];
    });
    if (init === undefined) findings.push(`no SCTP INIT to ${host}:${SCTP} reached the pod`);
    else if (init.port !== 7_000 || !init.sound)
      findings.push(
        `the SCTP INIT to ${host} arrived at port ${init.port}${init.sound ? '' : ' with a wrong checksum'}`,
      );
  }
  return findings;
}

/**
 * One UDP flow, from one port: it must find the second pod although the kernel remembers the first, and the time in
 * between.
 */
async function moved(stage: Stage, first: Attached): Promise<readonly string[]> {
  const outside = await stage.probe('outside');
  const flow = await outside.ask('udpOpen', 4);
  const ask = () => outside.ask('udpAsk', flow, NODE.v4, UDP, 300);
  const before = await answered(ask, 'first');
  if (!before.startsWith('first')) return [`UDP from outside to ${NODE.v4}:${UDP}: ${before}`];
  await stage.detach(first);
  await ask(); // nobody there now: this too leaves an entry behind
  await mapped(stage, first.list, 'second');
  const after = await answered(ask, 'second');
  return after.startsWith('second') ? [] : [`the UDP flow after the move to a second pod: ${after}`];
}

/** The first answer that begins with a word, or the last one there was. */
export async function answered(ask: () => Promise<Answer>, word: string): Promise<string> {
  let last = 'never asked';
  await until(SOON_MS, async () => {
    const answer = await ask();
    last = 'text' in answer ? answer.text : answer.error;
    return last.startsWith(word) ? true : undefined;
  });
  return last;
}
