import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { httpsCarrier } from './carrier.ts';

afterEach(() => void vi.useRealTimers());

test('a controller that takes the connection and hangs is waited for 8 s, and no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const carrier = httpsCarrier();
  let end = '';
  const asked = carrier.post({ at, certificates: '' }, 'token', 'a question').catch((error: Error) => {
    end = error.message;
  });
  await once(server, 'connection');
  await vi.advanceTimersByTimeAsync(7_999);
  expect(end).toBe('');
  vi.advanceTimersByTime(1);
  await asked;
  expect(end).toBe('no word for 8 s');
  carrier.close();
  server.close();
});
