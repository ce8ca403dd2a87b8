import { CloudError, type NicProvider } from './provider.ts';

/**
 * A provider that is opened when it is first asked, and tried again when it is next asked: the node starts, and its
 * pods are served from what it knows, also while nothing of the cloud answers. Throws what `open` throws.
 */
export function lateProvider(open: () => Promise<NicProvider>): NicProvider {
  let opening: Promise<NicProvider> | undefined;
  const opened = () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  const branches = async () => {
    const found = (await opened()).branches;
    if (found !== undefined) return found;
    throw new CloudError('limit', {
      action: 'branches',
      code: 'NoBranches',
      message: 'NICs of single pods are not to be had here',
    });
  };
  return {
    branches: {
      most: async () => (await branches()).most(),
      report: async () => (await branches()).report(),
      create: async (spec, token, urgency) => (await branches()).create(spec, token, urgency),
      remove: async (nic, urgency) => (await branches()).remove(nic, urgency),
      removeTrunk: async (urgency) => (await branches()).removeTrunk(urgency),
    },
    limits: async () => (await opened()).limits(),
    reportNics: async (of) => (await opened()).reportNics(of),
    createNic: async (spec, token, urgency) => (await opened()).createNic(spec, token, urgency),
    deleteNic: async (nic, urgency) => (await opened()).deleteNic(nic, urgency),
    assign: async (of, token, urgency) => (await opened()).assign(of, token, urgency),
    bring: async (of, urgency) => (await opened()).bring(of, urgency),
    unassign: async (nic, what, urgency) => (await opened()).unassign(nic, what, urgency),
    vpcRanges: async () => (await opened()).vpcRanges(),
    tendNics: async (of) => (await opened()).tendNics(of),
    collectLeaked: async (atMost) => (await opened()).collectLeaked(atMost),
    close: async () => (await opening?.catch(() => undefined))?.close(), // never opened: nothing to close
  };
}
