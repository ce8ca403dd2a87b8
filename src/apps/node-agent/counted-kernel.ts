import type { Ensured, Kernel, Remaining } from '../../io/kernel/kernel.ts';
import { KernelError } from '../../io/kernel/kernel.ts';
import type { Meter } from './doors.ts';

/** The kernel, with each error that it answers counted by name. */
export function countedKernel(kernel: Kernel, meter: Pick<Meter, 'kernelError'>): Kernel {
  const count = (error: KernelError) => meter.kernelError(error.errno === '' ? error.kind : error.errno);
  const thrown = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof KernelError) count(error);
      throw error;
    }
  };
  return {
    ensure: async (items, sandbox): Promise<Ensured> => {
      const done = await thrown(kernel.ensure(items, sandbox));
      if (done.failure !== undefined) count(done.failure.error);
      return done;
    },
    remove: async (items, sandbox): Promise<readonly Remaining[]> => {
      const left = await thrown(kernel.remove(items, sandbox));
      for (const { error } of left) count(error);
      return left;
    },
    observe: (plan, sandbox) => thrown(kernel.observe(plan, sandbox)),
    inventory: () => thrown(kernel.inventory()),
    macOf: (link, sandbox) => thrown(kernel.macOf(link, sandbox)),
    hostLinks: () => thrown(kernel.hostLinks()),
    namespaceAt: (path) => kernel.namespaceAt(path),
    sandboxExists: (path) => kernel.sandboxExists(path),
    forgetFlows: (flows) => thrown(kernel.forgetFlows(flows)),
    refresh: (plan) => thrown(kernel.refresh(plan)),
    listeners: (port) => thrown(kernel.listeners(port)),
    hearsPods: () => kernel.hearsPods(),
    watch: (listener) => kernel.watch(listener),
    close: () => kernel.close(),
  };
}
