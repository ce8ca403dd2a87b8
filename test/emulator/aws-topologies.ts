import type { Topology } from '../../emulator/server/topology.ts';

/** A VPC with one subnet and one instance. */
export const ONE_NODE: Topology = {
  zones: ['eu-west-1a'],
  vpcs: [
    {
      name: 'vpc',
      range: '10.0.0.0/16',
      ipv6: true,
      subnets: [{ name: 'a', zone: 'eu-west-1a', range: '10.0.1.0/24' }],
      instances: [{ name: 'node-1', subnet: 'a' }],
    },
  ],
};

/** Two zones; in the first one subnets of several kinds, and two instances. */
export const MANY_SUBNETS: Topology = {
  zones: ['eu-west-1a', 'eu-west-1b'],
  vpcs: [
    {
      name: 'vpc',
      range: '10.0.0.0/16',
      subnets: [
        { name: 'own', zone: 'eu-west-1a', range: '10.0.1.0/24' },
        { name: 'wide', zone: 'eu-west-1a', range: '10.0.16.0/20', tags: { 'kubernetes.io/role/cni': '1' } },
        { name: 'untagged', zone: 'eu-west-1a', range: '10.0.32.0/19' },
        {
          name: 'other-cluster',
          zone: 'eu-west-1a',
          range: '10.0.64.0/19',
          tags: { 'kubernetes.io/role/cni': '1', 'cni.networking.k8s.aws/cluster/green': 'shared' },
        },
        { name: 'far', zone: 'eu-west-1b', range: '10.0.96.0/19', tags: { 'kubernetes.io/role/cni': '1' } },
      ],
      instances: [
        { name: 'node-1', subnet: 'own', type: 'm5.xlarge' },
        { name: 'node-2', subnet: 'own', type: 'm5.xlarge' },
        { name: 'cards', subnet: 'own', type: 'p4d.24xlarge' },
        { name: 'with-role', subnet: 'own', role: 'node' },
      ],
    },
  ],
};

/** A VPC of two zones with a subnet each, and three instances that may have three NICs of ten addresses. */
export const TWO_ZONES: Topology = {
  zones: ['eu-west-1a', 'eu-west-1b'],
  vpcs: [
    {
      name: 'vpc',
      range: '10.0.0.0/16',
      subnets: [
        { name: 'a', zone: 'eu-west-1a', range: '10.0.1.0/24' },
        { name: 'b', zone: 'eu-west-1b', range: '10.0.2.0/24' },
      ],
      instances: [
        { name: 'node-1', subnet: 'a', address: '10.0.1.10' },
        { name: 'node-2', subnet: 'a', address: '10.0.1.11' },
        { name: 'node-3', subnet: 'b', address: '10.0.2.10' },
      ],
    },
  ],
};
