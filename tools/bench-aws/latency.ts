import type { Trouble } from '../../emulator/cloud/trouble.ts';

/**
 * How long EC2 takes to answer, in milliseconds: the same for both sides. AWS publishes no such figures: these are of
 * the size that clients see.
 */
const ANSWERS_AFTER: Readonly<Record<string, number>> = {
  DescribeNetworkInterfaces: 150,
  DescribeSubnets: 150,
  DescribeInstances: 150,
  CreateNetworkInterface: 600,
  AttachNetworkInterface: 700,
  ModifyNetworkInterfaceAttribute: 300,
  DetachNetworkInterface: 500,
  DeleteNetworkInterface: 400,
  AssignPrivateIpAddresses: 400,
  UnassignPrivateIpAddresses: 400,
};

/** Makes each action take its time, for as long as the region is there. */
export function slowly(): readonly Trouble[] {
  return Object.entries(ANSWERS_AFTER).map(([action, byMs]) => ({
    name: `usual ${action}`,
    what: { kind: 'slow', byMs },
    scope: { action },
  }));
}
