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
