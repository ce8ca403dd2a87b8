/** A node of either side. */
export interface Node {
  /** Resolves when the pod has its address. */
  add(pod: string): Promise<void>;
  /** Resolves when the pod is gone. */
  remove(pod: string): Promise<void>;
  stop(): Promise<void>;
}
