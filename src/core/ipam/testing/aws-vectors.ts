import type { Targets } from '../cloud.ts';

// A27: what AWS publishes for its knobs, and what its formulas come to: shape (usable addresses of a NIC), knobs, pods,
// addresses of each NIC, free ones. States at rest: everybody has what they asked for and nothing cools.

/** Pods, what each NIC holds then, and how many addresses are free. */
export type Vector = readonly [pods: number, nics: readonly number[], free: number];

/** NICs, slots of one for pods, knobs. */
export const ADDRESS_VECTORS: readonly (readonly [
  nics: number,
  per: number,
  targets: Targets,
  vectors: readonly Vector[],
])[] = [
  [
    3,
    3,
    { warmNics: 1 },
    [
      [0, [3], 3],
      [1, [3, 3], 5],
      [5, [3, 3, 3], 4],
      [9, [3, 3, 3], 0],
    ],
  ],
  [
    3,
    3,
    { warmAddresses: 1, minimumAddresses: 1 },
    [
      [0, [1], 1],
      [1, [2], 1],
      [5, [3, 3], 1],
      [9, [3, 3, 3], 0],
    ],
  ],
  [
    3,
    3,
    { warmAddresses: 2, minimumAddresses: 5 },
    [
      [0, [3, 2], 5],
      [1, [3, 2], 4],
      [5, [3, 3, 1], 2],
      [9, [3, 3, 3], 0],
    ],
  ],
  [
    3,
    9,
    { warmNics: 1 },
    [
      [0, [9], 9],
      [1, [9, 9], 17],
      [5, [9, 9], 13],
      [9, [9, 9], 9],
      [20, [9, 9, 9], 7],
    ],
  ],
  [
    3,
    9,
    { warmNics: 0 },
    [
      [0, [9], 9],
      [1, [9], 8],
      [5, [9], 4],
      [9, [9, 9], 9],
      [20, [9, 9, 9], 7],
    ],
  ],
  [
    3,
    9,
    { warmAddresses: 5 },
    [
      [0, [5], 5],
      [1, [6], 5],
      [5, [9, 1], 5],
      [9, [9, 5], 5],
      [20, [9, 9, 7], 5],
    ],
  ],
  [
    3,
    9,
    { warmAddresses: 5, minimumAddresses: 12 },
    [
      [0, [9, 3], 12],
      [1, [9, 3], 11],
      [5, [9, 3], 7],
      [9, [9, 5], 5],
      [20, [9, 9, 7], 5],
    ],
  ],
  [
    8,
    29,
    { warmAddresses: 2, minimumAddresses: 5 },
    [
      [0, [5], 5],
      [1, [5], 4],
      [5, [7], 2],
      [9, [11], 2],
      [20, [22], 2],
    ],
  ],
];

/** The same of three NICs with three prefixes each. */
export const PREFIX_VECTORS: readonly (readonly [targets: Targets, vectors: readonly Vector[]])[] = [
  [
    { warmPrefixes: 1 },
    [
      [0, [1], 16],
      [5, [2], 27],
      [16, [2], 16],
      [17, [3], 31],
      [58, [3, 2], 22],
    ],
  ],
  [
    { warmAddresses: 1, minimumAddresses: 1 },
    [
      [0, [1], 16],
      [5, [1], 11],
      [16, [2], 16],
      [17, [2], 15],
      [58, [3, 1], 6],
    ],
  ],
  [
    { warmAddresses: 7, minimumAddresses: 20 },
    [
      [0, [2], 32],
      [5, [2], 27],
      [16, [2], 16],
      [17, [2], 15],
      [58, [3, 2], 22],
    ],
  ],
];
