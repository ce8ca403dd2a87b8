import { expect, test } from 'vitest';
import { listeners } from '../../src/io/kernel/listeners.ts';
import { isRoot, Space } from './space.ts';

const onRoot = test.skipIf(!isRoot);

onRoot('sockets of the node that wait on a port are found, with their processes; no others', async () => {
  const space = await Space.open();
  try {
    await space.listen('tcp', '127.0.0.1', 8080);
    await space.listen('tcp', '::', 8081);
    await space.listen('udp', '0.0.0.0', 5353);
    const process = expect.stringMatching(/^\S+ \(pid \d+\)$/);
    expect(listeners({ protocol: 'tcp', hostPort: 8080 }, space.netns)).toEqual([
      { address: '127.0.0.1', families: ['v4'], process },
    ]);
    const [every] = listeners({ protocol: 'tcp', hostPort: 8081 }, space.netns);
    expect(every).toMatchObject({ address: '::', process });
    expect(listeners({ protocol: 'udp', hostPort: 5353 }, space.netns)).toEqual([
      { address: '0.0.0.0', families: ['v4'], process },
    ]);
    for (const protocol of ['udp', 'sctp'] as const)
      expect(listeners({ protocol, hostPort: 8080 }, space.netns)).toEqual([]);
    expect(listeners({ protocol: 'tcp', hostPort: 5353 }, space.netns)).toEqual([]);
  } finally {
    await space.close();
  }
});
