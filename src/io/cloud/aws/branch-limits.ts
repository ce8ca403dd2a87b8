// How many branch NICs the trunk of an instance type carries. EC2 tells it nowhere; the controller of the VPC CNI lists
// it by type (amazon-vpc-resource-controller-k8s, limits.go), and within its families the numbers follow the size.

const FAMILIES = new Set(
  'a1 c5 c5a c5ad c5d c5n c6a c6g c6i c7a c7g c7i m5 m5a m5d m5n m6a m6g m6i m7a m7g m7i r5 r5a r5d r6a r6g r6i r7a r7g r7i'.split(
    ' ',
  ),
);
const SIZES: Readonly<Record<string, number>> = { medium: 4, large: 9, xlarge: 18, '2xlarge': 38, metal: 107 };
const MIDDLE = 54; // 4xlarge to 12xlarge
const MOST = 107;
const LAST_OF_MIDDLE = 12;

/** 0: a type that has no trunk (before Nitro, or with credits for its CPU), or that nobody has told of. */
export function branchLimit(type: string): number {
  const [family = '', size = ''] = type.split('.');
  if (!FAMILIES.has(family) || size === '') return 0;
  const times = Number.parseInt(size, 10);
  return SIZES[size] ?? (times <= LAST_OF_MIDDLE ? MIDDLE : MOST);
}
