// Branch NICs that a trunk of an instance type carries. EC2 publishes no numbers; these are those that the controller
// of the VPC CNI lists for the families (amazon-vpc-resource-controller-k8s, limits.go).

const TRUNKING = /^(a1|c5|c5a|c5n|c6i|c7g|m5|m5a|m5d|m5n|m6g|m6i|m7g|m7i|r5|r6i|r7g)\.(.+)$/;
const BRANCHES: Readonly<Record<string, number>> = { medium: 4, large: 9, xlarge: 18, '2xlarge': 38, metal: 107 };
const MOST_BRANCHES = 107;
const MIDDLING_BRANCHES = 54; // from 4xlarge to 12xlarge

/** Absent: no trunk. So it is for what burns credits (t2, t3, t4g), and here for types whose number is not known. */
export function branchesOf(name: string): number | undefined {
  const size = TRUNKING.exec(name)?.[2];
  if (size === undefined) return undefined;
  if (name === 'a1.medium') return 10;
  return BRANCHES[size] ?? (Number.parseInt(size, 10) > 12 ? MOST_BRANCHES : MIDDLING_BRANCHES);
}
