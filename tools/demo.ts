// npm start: three nodes on this machine, each with its own agent, pods attached through the real CNI executable, and a
// tour: on the NICs of an emulated VPC; with --provider podcidr on ranges of the nodes.
// Everything lives in namespaces of one process tree: when that ends, however it ends, the kernel takes all of it back.
import { parseArgs } from 'node:util';
import { podcidrTour } from './demo/podcidr/tour.ts';
import { vpcTour } from './demo/vpc/tour.ts';
import { launch, stageFolder } from './launch.ts';

const TOURS = { aws: vpcTour, podcidr: podcidrTour } as const;
const GONE_MS = 20_000;

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false }, //         end after the tour
    provider: { type: 'string', default: 'aws' }, //      where pods' addresses come from
    inside: { type: 'string' }, //                        we are in the namespaces; the tour's folder
  },
});
const { once, provider, inside } = values;

if (!isTour(provider)) {
  console.error(`npm start: --provider is one of ${Object.keys(TOURS).join(', ')}, not "${provider}"`);
  process.exitCode = 2;
} else if (inside === undefined)
  process.exitCode = await launch({
    folder: stageFolder('demo'),
    program: 'tools/demo.ts',
    words: process.argv.slice(2),
  });
else await tour(TOURS[provider], inside);

function isTour(name: string): name is keyof typeof TOURS {
  return Object.hasOwn(TOURS, name);
}

/**
 * The tour itself, as root of our own namespaces. Ends when the launcher closes our stdin, or after the tour with
 * --once.
 */
async function tour(show: typeof vpcTour, folder: string): Promise<void> {
  const ended = new Promise<void>((resolve) => process.stdin.on('end', resolve).on('error', resolve).resume());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // the launcher tells us
  ended.then(
    () => setTimeout(() => process.exit(1), GONE_MS).unref(),
    () => {},
  ); // a tour that hangs ends all the same
  await (once ? show(folder) : show(folder, ended));
  process.exit(0);
}
