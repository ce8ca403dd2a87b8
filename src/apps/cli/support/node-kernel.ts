import { silent } from '../../../base/log.ts';
import type { Kernel } from '../../../io/kernel/kernel.ts';
import { LinuxKernel } from '../../../io/kernel/linux-kernel.ts';
import { openNft } from '../../../io/kernel/nft-kernel.ts';

/** Acts on this node's kernel, beside an agent or without one. Throws KernelError as `LinuxKernel.open`. */
export async function withKernel<T>(act: (kernel: Kernel) => Promise<T>): Promise<T> {
  const kernel = LinuxKernel.open({ nft: (netns) => openNft({ log: silent, netns }) });
  try {
    return await act(kernel);
  } finally {
    await kernel.close();
  }
}
