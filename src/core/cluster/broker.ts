// Whose NICs a question to the controller is about: decided from the asker's token and the Node objects alone, never
// from the question. docs/decisions/controller.md says against whom.

/** What the API server says of a token. */
export interface Bearer {
  readonly authentic: boolean;
  readonly error: string;
  readonly user: string;
  readonly audiences: readonly string[];
  readonly node: string; // '': the token is of no pod on a node
}

/** Who may ask. */
export interface Admission {
  readonly user: string; //     "system:serviceaccount:kube-system:berth"
  readonly audience: string; // that tokens for the controller are made for
}

/** A "no" to whoever asks: `why` for the counter, `message` for whoever reads the agent's log. */
export interface BrokerRefusal {
  readonly why: 'unknown-token' | 'not-an-agent' | 'no-node' | 'no-instance' | 'shared-instance';
  readonly message: string;
}

/** The node that a token speaks for, or why it speaks for none. Any pod may have a token for the controller made. */
export function nodeOf(bearer: Bearer, { user, audience }: Admission): { readonly node: string } | BrokerRefusal {
  if (!bearer.authentic || !bearer.audiences.includes(audience)) {
    const because = bearer.error === '' ? '' : `: ${bearer.error}`;
    return {
      why: 'unknown-token',
      message: `the API server does not know the token, or not for ${audience}${because}`,
    };
  }
  if (bearer.user !== user) return { why: 'not-an-agent', message: `${bearer.user} is not ${user}` };
  if (bearer.node !== '') return { node: bearer.node };
  return {
    why: 'no-node',
    message: `the token of ${user} is bound to no node: Kubernetes 1.30 or newer binds those of pods`,
  };
}

/** What is used here of a Node object. */
export interface Placed {
  readonly name: string;
  readonly providerId: string; // "aws:///eu-west-1a/i-0a1b…"
}

/**
 * The instance of a node, by its spec.providerID, which nobody can change once it is set. Of two nodes that say they
 * are one instance none is heard: one of them lies.
 */
export function instanceOf(
  node: string,
  nodes: { readonly get: (name: string) => Placed | undefined; readonly of: (instance: string) => number },
): { readonly instance: string } | BrokerRefusal {
  const placed = nodes.get(node);
  if (placed === undefined) return { why: 'no-node', message: `there is no Node ${node}` };
  const instance = instanceIn(placed.providerId);
  if (instance === undefined) {
    const said = placed.providerId === '' ? 'no spec.providerID' : `spec.providerID ${placed.providerId}`;
    return { why: 'no-instance', message: `Node ${node} has ${said}: it names no instance of EC2` };
  }
  if (nodes.of(instance) <= 1) return { instance };
  return {
    why: 'shared-instance',
    message: `${nodes.of(instance)} Nodes say that they are ${instance}; ${node} is one`,
  };
}

/** "i-0a1b…" of "aws:///eu-west-1a/i-0a1b…". */
export function instanceIn(providerId: string): string | undefined {
  return /^aws:\/\/\/(?:[^/]*\/)?(i-[0-9a-f]+)$/.exec(providerId)?.[1];
}
