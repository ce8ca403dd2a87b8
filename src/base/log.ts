/** Fields of one line. Names are those of the metrics and the CLI; `err` holds a thrown value. */
export type LogFields = Readonly<Record<string, unknown>>;

/** From the quietest: each says what those before it say. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * One call, one line, one event. `error`: somebody must act. `warn`: we coped. `info`: once per ADD or DEL. `debug`:
 * plan and bytes.
 */
export interface Logger {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
}

/** Says nothing: for tests and tools. */
export const silent: Logger = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
