/** Milliseconds. Points in time count from the Unix epoch, so that they survive a restart of the process. */
export type Millis = number;

/** Where time comes from. The simulator replaces it. */
export interface Clock {
  /** Now, in milliseconds since the Unix epoch. */
  now(): Millis;
  /** Milliseconds of a steady clock with a fraction: for durations only. */
  steady(): Millis;
  /** Calls `then` once, `after` milliseconds from now. Returns what cancels it; cancelling twice is harmless. */
  timer(after: Millis, then: () => void): () => void;
}
