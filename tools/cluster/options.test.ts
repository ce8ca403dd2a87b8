import { parseArgs } from 'node:util';
import { expect, test } from 'vitest';
import { CLUSTER_OPTIONS, clusterWanted } from './options.ts';

const wanted = (...args: string[]) => clusterWanted(parseArgs({ args, options: CLUSTER_OPTIONS }).values);

test('a cluster that nothing is told of is of PodCIDRs, with Berth as processes', () => {
  expect(wanted()).toMatchObject({ provider: 'podcidr', proxyMode: 'iptables', installed: 'process', broker: false });
});

test('the controller asks the cloud', () => {
  const { installed, broker } = wanted('--provider=aws', '--installed=manifest', '--broker');
  expect({ installed, broker }).toEqual({ installed: 'manifest', broker: true });
});

test.each([
  ['--provider=gcp', '--provider is one of podcidr, aws'],
  ['--proxy-mode=ipvs', '--proxy-mode is one of iptables, nftables'],
  ['--installed=helm', '--installed is one of process, manifest'],
  ['--kubernetes=1.20.0', /^--kubernetes is one of .*1\.37\.2/],
  ['--subnets=4', '--subnets is one of 1, 2, 3'],
  ['--subnets=2 --provider=aws', '--subnets is for --provider podcidr'],
  ['--broker --installed=manifest', '--broker is for --provider aws'],
  ['--broker --provider=aws', '--broker is for --provider aws'],
])('%s is refused by its name', (words, why) => {
  expect(() => wanted(...words.split(' '))).toThrow(why);
});
