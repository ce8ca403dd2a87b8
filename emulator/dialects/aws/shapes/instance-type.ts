import type { InstanceType } from '../instance-types.ts';
import { element, items, leaf, NOTHING, together, type Xml } from '../xml.ts';

/** An InstanceTypeInfo of EC2, as far as networks, processors and memory go. */
export function instanceTypeShape(type: InstanceType): Xml {
  const metal = type.hypervisor === 'metal';
  const burstable = type.name.startsWith('t');
  return together(
    leaf('instanceType', type.name),
    leaf('currentGeneration', true),
    leaf('freeTierEligible', false),
    items('supportedUsageClasses', ['on-demand'], text),
    items('supportedRootDeviceTypes', ['ebs'], text),
    items('supportedVirtualizationTypes', ['hvm'], text),
    leaf('bareMetal', metal),
    metal ? NOTHING : leaf('hypervisor', type.hypervisor),
    processor(type),
    element('memoryInfo', leaf('sizeInMiB', type.memoryMiB)),
    leaf('instanceStorageSupported', false),
    network(type),
    leaf('hibernationSupported', false),
    leaf('burstablePerformanceSupported', burstable),
    leaf('dedicatedHostsSupported', !burstable),
    leaf('autoRecoverySupported', !metal),
  );
}

function text(value: string): Xml {
  return value as Xml; // a word of ours, that needs no escaping
}

function processor({ architecture, vcpus }: InstanceType): Xml {
  const cores = architecture === 'arm64' || vcpus === 1 ? vcpus : vcpus / 2;
  return together(
    element('processorInfo', items('supportedArchitectures', [architecture], text)),
    element(
      'vCpuInfo',
      leaf('defaultVCpus', vcpus),
      leaf('defaultCores', cores),
      leaf('defaultThreadsPerCore', vcpus / cores),
    ),
  );
}

function network({ cards, addressesPerNic, addresses6PerNic, performance, nitro }: InstanceType): Xml {
  const all = cards.map(({ nics }, index) => ({ nics, index }));
  return element(
    'networkInfo',
    leaf('networkPerformance', performance),
    leaf(
      'maximumNetworkInterfaces',
      cards.reduce((sum, { nics }) => sum + nics, 0),
    ),
    leaf('maximumNetworkCards', cards.length),
    leaf('defaultNetworkCardIndex', 0),
    items('networkCards', all, ({ nics, index }) =>
      together(
        leaf('networkCardIndex', index),
        leaf('networkPerformance', performance),
        leaf('maximumNetworkInterfaces', nics),
      ),
    ),
    leaf('ipv4AddressesPerInterface', addressesPerNic),
    leaf('ipv6AddressesPerInterface', addresses6PerNic),
    leaf('ipv6Supported', true),
    leaf('enaSupport', nitro ? 'required' : 'unsupported'),
    leaf('efaSupported', false),
  );
}
