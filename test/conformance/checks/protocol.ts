import type { Check } from '../check.ts';
import { must, noneOf } from '../verdict.ts';
import { oneJson, objects, refusal, shapeFaults, success } from '../judge.ts';
import type { Attached, Stage } from '../stage.ts';
import { versionAtLeast } from '../libcni/network-list.ts';

/** What each verb needs, by the reference skeleton. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
};

/** The verbs that the plugin's newest version has. */
function verbsOf(stage: Stage): readonly string[] {
  const newest = versionAtLeast(stage.version, '1.1.0') ? ['GC', 'STATUS'] : [];
  return ['ADD', 'DEL', 'CHECK', ...newest];
}

/** C1 to C10: how the plugin speaks. */
export const protocolChecks: readonly Check[] = [
  {
    id: 'C1',
    name: 'without CNI_COMMAND: exit 0, a line about itself on stderr, nothing on stdout',
    run: async (stage) => {
      const exit = await stage.call({ verb: '', list: stage.list(), env: { CNI_COMMAND: undefined } });
      must(exit.exitCode === 0, `exit code ${exit.exitCode}: ${exit.stdout.slice(0, 200)}`);
      must(exit.stdout === '', `stdout: ${exit.stdout.slice(0, 200)}`);
      must(exit.stderr.trim() !== '', 'nothing on stderr');
      return exit.stderr.trim().split('\n')[0] ?? '';
    },
  },
  {
    id: 'C2',
    name: 'each verb with a required variable missing: code 4 naming it, all missing at once',
    run: async (stage) => {
      const list = stage.list();
      const about = stage.attachment(await stage.sandbox(), list);
      let cases = 0;
      for (const verb of verbsOf(stage)) {
        const needed = NEEDS[verb] ?? [];
        for (const missing of [...needed.map((name) => [name]), needed]) {
          const env = Object.fromEntries(missing.map((name) => [name, undefined]));
          const what = `${verb} without ${missing.join(', ')}`;
          const { text } = refusal(await stage.call({ verb, list, about, env }), what, 4);
          const untold = missing.filter((name) => !text.includes(name));
          must(untold.length === 0, `${what}: ${untold.join(', ')} not named in: ${text.slice(0, 200)}`);
          cases++;
        }
      }
      return `${cases} cases`;
    },
  },
  {
    id: 'C3',
    name: 'an unknown verb: code 4',
    run: async (stage) => {
      const list = stage.list();
      const about = stage.attachment(await stage.sandbox(), list);
      for (const verb of ['CREATE', 'add', 'ADD '])
        refusal(await stage.call({ verb, list, about }), JSON.stringify(verb), 4);
      return '';
    },
  },
  {
    id: 'C4',
    name: 'stdin that is not JSON: code 6',
    run: async (stage) => {
      const list = stage.list();
      const about = stage.attachment(await stage.sandbox(), list);
      for (const verb of verbsOf(stage))
        for (const stdin of ['', '{', 'not json'])
          refusal(await stage.call({ verb, list, about, stdin }), `${verb} with ${JSON.stringify(stdin)}`, 6);
      return '';
    },
  },
  {
    id: 'C5',
    name: 'a missing or bad name: code 7',
    run: async (stage) => {
      const list = stage.list();
      const about = stage.attachment(await stage.sandbox(), list);
      for (const name of [undefined, '', 'a b', '../x'])
        refusal(await stage.call({ verb: 'ADD', list, about, more: { name } }), `name ${JSON.stringify(name)}`, 7);
      return '';
    },
  },
  {
    id: 'C6',
    name: 'an unsupported cniVersion: code 1',
    run: async (stage) => {
      const list = stage.list();
      const about = stage.attachment(await stage.sandbox(), list);
      for (const cniVersion of ['9.9.9', '1.9.0'])
        refusal(await stage.call({ verb: 'ADD', list, about, more: { cniVersion } }), `cniVersion ${cniVersion}`, 1);
      return '';
    },
  },
  { id: 'C7', name: 'VERSION answers for empty stdin and for each version', run: versionAnswers },
  {
    id: 'C8',
    name: 'ADD at each version gives a result of the shape of that version, and true',
    run: trueResults,
  },
  {
    id: 'C9',
    name: "the result's cniVersion is the request's",
    run: async (stage) => {
      for (const version of stage.versions) {
        const list = stage.list({ version });
        const about = stage.attachment(await stage.sandbox(), list);
        const said = oneJson(await stage.call({ verb: 'ADD', list, about }), `ADD at ${version}`)['cniVersion'];
        must(said === version, `asked for ${version}, got ${JSON.stringify(said)}`);
      }
      return '';
    },
  },
  {
    id: 'C10',
    name: 'stdout holds exactly one JSON document, or nothing where nothing is due',
    run: async (stage) => {
      const list = stage.list();
      const about = stage.attachment(await stage.sandbox(), list);
      const added = await stage.call({ verb: 'ADD', list, about });
      success(added, 'ADD');
      const prevResult = oneJson(added, 'ADD');
      refusal(await stage.call({ verb: 'ADD', list, about, stdin: '{' }), 'a failed ADD');
      const silent = ['CHECK', ...verbsOf(stage).filter((verb) => verb === 'STATUS' || verb === 'GC'), 'DEL'];
      const keep = [{ containerID: about.containerId, ifname: about.ifname }];
      for (const verb of silent) {
        const exit = await stage.call({ verb, list, about, more: { prevResult, 'cni.dev/valid-attachments': keep } });
        success(exit, verb);
        must(exit.stdout.trim() === '', `${verb}: stdout is ${exit.stdout.slice(0, 200)}`);
      }
      return '';
    },
  },
];

async function versionAnswers(stage: Stage): Promise<string> {
  const list = stage.list();
  for (const cniVersion of [undefined, ...stage.versions]) {
    const stdin = cniVersion === undefined ? '' : JSON.stringify({ cniVersion });
    const what = `VERSION with ${stdin === '' ? 'empty stdin' : stdin}`;
    const exit = await stage.call({ verb: 'VERSION', list, stdin, env: { CNI_NETNS: 'dummy', CNI_IFNAME: 'dummy' } });
    success(exit, what);
    const said = oneJson(exit, what);
    const supported = said['supportedVersions'];
    must(
      Array.isArray(supported) && stage.versions.every((each) => supported.includes(each)),
      `${what}: ${exit.stdout}`,
    );
    must(
      supported.includes(said['cniVersion']),
      `${what}: cniVersion ${JSON.stringify(said['cniVersion'])} is not among them`,
    );
  }
  return stage.versions.join(', ');
}

async function trueResults(stage: Stage): Promise<string> {
  const faults: string[] = [];
  for (const version of stage.versions) {
    const it = await stage.attach(stage.list({ version }));
    const lies = stage.profile.ipam === true ? [] : await untruths(it);
    faults.push(
      ...[...shapeFaults(it.result, version, stage.profile.ipam), ...lies].map((fault) => `${version}: ${fault}`),
    );
    await stage.detach(it);
  }
  noneOf(faults);
  return stage.versions.join(', ');
}

/** Where a result and the sandbox disagree. */
async function untruths({ result, sandbox }: Attached): Promise<readonly string[]> {
  const link = await sandbox.link('eth0');
  const real = (link?.addr_info ?? []).map((each) => `${each.local}/${each.prefixlen}`);
  const inside = objects(result['interfaces']).find((each) => each['sandbox'] === sandbox.path);
  const wrong = objects(result['ips']).filter((ip) => !real.includes(String(ip['address'])));
  return [
    ...(inside?.['name'] === 'eth0' ? [] : [`no interface eth0 with sandbox ${sandbox.path}`]),
    ...(inside?.['mac'] === link?.address ? [] : [`mac ${String(inside?.['mac'])}, really ${link?.address}`]),
    ...wrong.map((ip) => `${String(ip['address'])} is not on the interface`),
  ];
}
