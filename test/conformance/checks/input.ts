import { refusal } from '../judge.ts';
import type { Check } from '../check.ts';

/** C29 to C31: what must not be believed. */
export const inputChecks: readonly Check[] = [
  {
    id: 'C29',
    name: "the node's own namespace as CNI_NETNS: code 8",
    run: async (stage) => {
      stage.needInterface(); // without one there is no need of the namespace
      const list = stage.list();
      const netns = `/proc/${process.pid}/ns/net`;
      const about = stage.attachment(await stage.sandbox(), list, { netns });
      refusal(await stage.call({ verb: 'ADD', list, about }), 'ADD', 8);
      return '';
    },
  },
  {
    id: 'C30',
    name: 'an impossible CNI_IFNAME: code 4',
    run: async (stage) => {
      const list = stage.list();
      const sandbox = await stage.sandbox();
      for (const ifname of ['sixteen-letters-', '../x', 'a b', '.', '..', 'a:b']) {
        const about = { containerId: 'names', netns: sandbox.path, ifname };
        refusal(await stage.call({ verb: 'ADD', list, about }), JSON.stringify(ifname), 4);
      }
      return '';
    },
  },
  {
    id: 'C31',
    name: 'an unknown key in CNI_ARGS without IgnoreUnknown: an error',
    run: async (stage) => {
      const list = stage.list();
      const sandbox = await stage.sandbox();
      for (const CNI_ARGS of ['NOBODY_KNOWS=1', 'IgnoreUnknown=0;NOBODY_KNOWS=1']) {
        const about = stage.attachment(sandbox, list);
        refusal(await stage.call({ verb: 'ADD', list, about, env: { CNI_ARGS } }), CNI_ARGS);
      }
      return '';
    },
  },
];
