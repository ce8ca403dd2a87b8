import { test } from 'vitest';
import { silent } from '../../src/base/log.ts';
import { kernelCases } from '../../src/io/kernel/kernel-cases.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';
import { mayUnshare, Namespace } from './namespace.ts';

/** A node in a namespace of its own, two agents on it, and as many sandboxes as a case wants. */
function openStage() {
  const node = Namespace.make();
  const open = () => LinuxKernel.open({ netns: node.path, nft: (netns) => openNft({ log: silent, netns }) });
  const [kernel, outside] = [open(), open()];
  const sandboxes = new Map<string, Namespace>();
  return {
    kernel,
    outside,
    sandbox: async () => {
      const made = Namespace.make();
      sandboxes.set(made.path, made);
      return made.path;
    },
    dropSandbox: async (path: string) => {
      sandboxes.get(path)?.close();
      sandboxes.delete(path);
    },
    close: async () => {
      await kernel.close();
      await outside.close();
      for (const sandbox of sandboxes.values()) sandbox.close();
      node.close();
    },
  };
}

test.skipIf(!mayUnshare).each(kernelCases)('Linux: $name', async ({ run }) => {
  const stage = openStage();
  try {
    await run(stage);
  } finally {
    await stage.close();
  }
});
