import { appendFileSync, readFileSync } from 'node:fs';

// A plugin that does nothing but what its configuration says: it notes each call in a file and answers what it is told
// to. As a neighbour in a chain it shows what the plugin beside it gets and gives; alone it shows what a runtime sends.

interface Script {
  readonly trace?: string; //                    a file: one line of JSON a call
  readonly result?: unknown; //                  the answer to ADD; without it prevResult, or an empty result
  readonly error?: { readonly verb: string }; // fails this verb with code 100
}

const CNI_VARIABLES = ['COMMAND', 'CONTAINERID', 'NETNS', 'IFNAME', 'ARGS', 'PATH'].map((name) => `CNI_${name}`);

const verb = process.env['CNI_COMMAND'] ?? '';
if (verb === 'VERSION') {
  const supportedVersions = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
  process.stdout.write(JSON.stringify({ cniVersion: '1.1.0', supportedVersions }));
} else {
  const stdin = JSON.parse(readFileSync(0, 'utf8')) as Record<string, unknown> & { scripted?: Script };
  const script = stdin.scripted ?? {};
  const env = Object.fromEntries(CNI_VARIABLES.map((name) => [name, process.env[name]]));
  if (script.trace !== undefined) appendFileSync(script.trace, `${JSON.stringify({ env, stdin })}\n`);
  const cniVersion = stdin['cniVersion'];
  if (script.error?.verb === verb) {
    process.stdout.write(JSON.stringify({ cniVersion, code: 100, msg: 'told to fail', details: '' }));
    process.exitCode = 1;
  } else if (verb === 'ADD') {
    const result = (script.result ?? stdin['prevResult'] ?? {}) as object;
    process.stdout.write(JSON.stringify({ ...result, cniVersion }));
  }
}
