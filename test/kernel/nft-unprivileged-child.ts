import { silent } from '../../src/base/log.ts';
import { address, prefix } from '../../src/base/ip.ts';
import { internalElements, podElements } from '../../src/core/datapath/elements.ts';
import { nodeRuleset } from '../../src/core/datapath/node-ruleset.ts';
import type { NftItem } from '../../src/io/kernel/nft-door.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';

// Run in a namespace of its own by nft-unprivileged.test.ts: makes all that a node and a pod need, and prints what
// came of it.

const options = {
  mode: 'routed',
  bridge: 'berth0',
  masquerade: { enabled: true, ports: 'kept' },
  checkSources: true,
} as const;
const ports = [{ protocol: 'udp', hostPort: 53, containerPort: 53 }] as const;
const items = [
  { kind: 'ruleset', ruleset: nodeRuleset(options) },
  ...internalElements([prefix('10.0.0.0/8')]),
  ...podElements({ link: 'bth1', addresses: [address('10.1.0.5')], ports }),
  { kind: 'forward-accept', family: 'v4', range: prefix('10.1.0.0/16') },
] as readonly NftItem[];

const nft = openNft({ log: silent });
const { failure } = nft.ensure(items);
if (failure === undefined) await nft.forgetFlows({ protocol: 'udp', hostPort: 53, family: 'v4' });
const many = Array.from({ length: 2000 }, (_, i) => `10.2.${i >> 8}.${i & 255}`).map(address);
const pods = many.flatMap((it) => podElements({ link: 'bth2', addresses: [it], ports: [] })) as readonly NftItem[];
const made = failure === undefined ? nft.ensure(pods).made.length : 0;
console.log(
  JSON.stringify({
    failure: failure?.error.kind,
    standing: failure === undefined && nft.observe(items).length === items.length,
    made,
    left: failure === undefined ? nft.remove([...pods, ...items]).length : 0,
  }),
);
nft.close();
