import type { NicId } from '../../core/ipam/nic.ts';
import type { NicProvider } from './provider.ts';

/** One cloud, seen from a cluster's controller, which acts for all its nodes. Each method throws CloudError. */
export interface ClusterCloud {
  /** The cloud as one instance sees it, from elsewhere. */
  instance(id: string): Promise<NicProvider>;
  /** Deletes at most so many NICs that agents of this cluster made and nobody has any more, and names them. */
  collectLeaked(sweeper: string, atMost: number): Promise<readonly NicId[]>;
  /** After the providers of all instances. */
  close(): void;
}
