import { expect, test } from 'vitest';
import { createLogger, type LoggerOptions } from './logger.ts';

function logged(options: Partial<LoggerOptions>, act: (log: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  act(createLogger({ level: 'info', write: (line) => void lines.push(line), ...options }));
  return lines;
}

const only = (lines: string[]) => {
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
};

test('one event is one line of JSON with an RFC 3339 time, a level in words and its fields', () => {
  const line = only(logged({ fields: { node: 'n1' } }, (log) => log.info('attached', { id: 'a/b/c', ms: 1.5 })));
  expect(line).toMatchObject({ level: 'info', msg: 'attached', node: 'n1', id: 'a/b/c', ms: 1.5 });
  expect(line['ts']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Object.keys(line)).not.toContain('pid');
});

test('levels below the set one are silent, and the level changes while it runs', () => {
  const lines = logged({ level: 'warn' }, (log) => {
    log.info('no');
    log.level = 'debug';
    log.debug('yes');
    log.level = 'error';
    log.warn('no');
    log.error('yes');
  });
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['yes', 'yes']);
});

test('what it wrote last can be asked for', () => {
  const log = createLogger({ level: 'info', write: () => {} });
  log.info('one');
  log.debug('not said');
  log.warn('two');
  expect(log.recent()).toMatch(/^\{.*"msg":"one"\}\n\{.*"msg":"two"\}\n$/);
});

test('an error keeps its kind and the chain of its causes', () => {
  const err = Object.assign(new Error('outer', { cause: new RangeError('inner') }), { kind: 'busy' });
  expect(only(logged({}, (log) => log.error('failed', { err })))).toMatchObject({
    err: { type: 'Error', message: 'outer', kind: 'busy', causes: ['RangeError: inner'] },
  });
});

test('no field can make it throw', () => {
  const circle: Record<string, unknown> = { deep: { big: 2n ** 70n } };
  circle['self'] = circle;
  const line = only(logged({}, (log) => log.info('odd', { big: 5n, circle, text: 'a\n"b"', none: undefined })));
  expect(line).toMatchObject({ big: '5', text: 'a\n"b"' });
});

test('text for eyes has the same words, one line an event', () => {
  const [line = '', ...more] = logged({ format: 'text' }, (log) =>
    log.warn('refused', { why: 'exhausted', msg: 'a b\nc' }),
  );
  expect(more).toEqual([]);
  expect(line).toMatch(/^\S+Z WARN {2}refused why=exhausted/);
  expect(line.trimEnd()).not.toContain('\n');
});
