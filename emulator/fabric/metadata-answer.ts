import type { Instance } from '../cloud/nouns.ts';

// What the fabric and a dialect say to each other about metadata: the fabric has the sockets and knows who asks, the
// dialect knows the tree.

/** A request to 169.254.169.254 or fd00:ec2::254, as it came. Names of headers are in lower case. */
export interface MetadataRequest {
  readonly method: string;
  readonly path: string; // with the query, as it was sent
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface MetadataAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How many hops the answer lives: a token's gets the instance's limit. Absent: 64. */
  readonly hops?: number;
}

/** The answer for the instance that asks. When it throws, the connection is closed without one. */
export type MetadataHandler = (
  instance: Instance['id'],
  request: MetadataRequest,
) => MetadataAnswer | Promise<MetadataAnswer>;
