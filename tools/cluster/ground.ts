import type { Enter } from '../demo/processes.ts';

/** A machine's name and its addresses, one of each family. */
export interface Post {
  readonly name: string;
  readonly addresses: readonly [string, ...string[]];
}

/** What the controller gets beside what its manifest says. */
export interface GroundController {
  readonly config: object;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where a cluster stands: the network that its machines are in, and where pods' addresses come from. */
export interface Ground {
  readonly control: Post;
  readonly workers: readonly Post[];
  readonly pods: readonly [string, ...string[]]; // all pods' addresses are in these ranges, one of each family
  readonly splits: boolean; //                      each node is given a part of them
  readonly agent: object; //                        what agents are configured with beside what all are
  readonly controller?: GroundController; //        absent: the controller has no cloud
  readonly instance?: (post: Post) => string; //    what a machine is in its cloud, as its Node says
  readonly teach?: (range: string, post: Post) => void; // the control plane is to reach this range of a worker's pods
  readonly enter: (post: Post) => Enter; //         into the network namespace of a machine
}
