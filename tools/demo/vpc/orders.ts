/** What the runtime of a node can be told to do. */
export type Order =
  /** Answers what the CNI executable said. */
  | { readonly do: 'add' | 'delete'; readonly pod: string }
  /** Calls an address by TCP from inside a pod; answers the address that the other side saw. */
  | { readonly do: 'ask'; readonly pod: string; readonly address: string };

export interface Answer {
  readonly ok: boolean;
  readonly text: string; // why not, otherwise
  readonly ms: number;
}
