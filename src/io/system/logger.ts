import pino from 'pino';
import type { LogFields, Logger, LogLevel } from '../../base/log.ts';
import { logFile } from './log-file.ts';
import { RecentLines } from './recent-lines.ts';
import { standardError } from './standard-error.ts';

/** A Logger whose level may be changed while it runs. */
export interface LevelLogger extends Logger {
  level: LogLevel;
  /** The last lines that it wrote, some thousands. */
  recent(): string;
}

const RECENT_LETTERS = 512 * 1024;

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format?: 'json' | 'text'; // default json
  readonly fields?: LogFields; //       on every line
  readonly write?: (line: string) => void; // gets whole lines with their end; default: standard error
  readonly file?: { readonly path: string; readonly mostBytes: number } | undefined; // in place of standard error
}

/** One line an event: {"ts":RFC 3339,"level":word,"msg":event, …fields}. Never throws, whatever the fields hold. */
export function createLogger(options: LoggerOptions): LevelLogger {
  const write = options.write ?? destination(options, (lines) => log.warn({ lines }, 'log lines lost'));
  const recent = new RecentLines(RECENT_LETTERS);
  const format = options.format === 'text' ? textLine : (line: string) => line;
  const log = pino(
    {
      level: options.level,
      base: { ...options.fields },
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }), log: withoutBigints },
      serializers: { err: errorFields },
    },
    {
      write: (json) => {
        const line = format(json);
        recent.add(line);
        write(line);
      },
    },
  );
  return {
    get level() {
      return log.level as LogLevel;
    },
    set level(level) {
      log.level = level;
    },
    recent: () => recent.text(),
    error: (event, fields) => log.error(fields ?? {}, event),
    warn: (event, fields) => log.warn(fields ?? {}, event),
    info: (event, fields) => log.info(fields ?? {}, event),
    debug: (event, fields) => log.debug(fields ?? {}, event),
  };
}

function destination({ file }: LoggerOptions, onLost: (lines: number) => void): (line: string) => void {
  const stderr = standardError(onLost);
  return file === undefined ? stderr : logFile(file.path, { mostBytes: file.mostBytes, otherwise: stderr });
}

function withoutBigints(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields);
  if (!entries.some(([, value]) => typeof value === 'bigint')) return fields;
  return Object.fromEntries(entries.map(([key, value]) => [key, typeof value === 'bigint' ? `${value}` : value]));
}

/** What an error says, with the chain of its causes; the stack only of the outermost. */
function errorFields(err: unknown): unknown {
  if (!(err instanceof Error)) return err;
  const { kind, errno, said } = err as { kind?: unknown; errno?: unknown; said?: unknown };
  const causes: string[] = [];
  for (let cause = err.cause; cause instanceof Error && causes.length < 8; cause = cause.cause)
    causes.push(`${cause.name}: ${cause.message}`);
  const why = causes.length === 0 ? undefined : causes;
  return { type: err.name, message: err.message, kind, errno, said, causes: why, stack: err.stack };
}

/** The same line for eyes: time, level, event, then key=value. */
function textLine(line: string): string {
  const { ts, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${textOf(value)}`);
  return `${String(ts)} ${String(level).toUpperCase().padEnd(5)} ${String(msg)}${rest.join('')}\n`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value);
}
