import * as ec2 from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACTIONS } from '../../emulator/dialects/aws/actions.ts';
import { DIFFERENCES, MOTO_FAILS } from './clients/moto-differences.ts';
import { havePython, runPython } from './clients/python.ts';
import { type Ec2, openEc2 } from './ec2.ts';

// boto3, the aws command line and the SDK for JavaScript call every action that the emulator answers, and understand
// it. A program of Python runs through all of them (clients/scenario.py); JavaScript reads the very answers it got.

type Answers = Readonly<Record<string, unknown>>;
type Texts = Readonly<Record<string, string>>;
type Shapes = Readonly<Record<string, readonly string[]>>;

interface Report {
  readonly calls: Readonly<Record<string, Call>>;
  readonly errors: Texts;
  readonly answers: Answers;
  readonly shapes: Shapes;
  readonly commandLineErrors: Texts;
  readonly commandLineShapes: Shapes;
  readonly motoErrors: Texts;
  readonly motoShapes: Shapes;
  readonly types: Readonly<Record<string, object>>;
  readonly motoTypes: Readonly<Record<string, object>>;
}

interface Call {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly form: Readonly<Record<string, string | number | boolean>>;
  readonly body: string;
  readonly unknownElements: readonly string[];
}

const ALL = [...ACTIONS.keys()].toSorted();

describe.skipIf(!havePython())("others' clients (node tools/python-clients.ts brings them)", () => {
  let it: Ec2;
  let report: Report;
  beforeAll(async () => {
    it = await openEc2();
    const { code, stdout, stderr } = await runPython(it.endpoint, 'python3', ['check.py']);
    if (code !== 0) throw new Error(stderr);
    report = JSON.parse(stdout) as Report;
  }, 180_000);
  afterAll(() => it.close());

  test('boto3 calls every action, and every answer is one of that action', () => {
    expect(report.errors).toEqual({});
    expect(Object.keys(report.answers).toSorted()).toEqual(ALL);
  });

  test("every element of every answer is in AWS's own model of it", () => {
    const odd = Object.entries(report.calls).filter(([, { unknownElements }]) => unknownElements.length > 0);
    expect(Object.keys(report.calls).toSorted()).toEqual(ALL);
    expect(odd).toEqual([]);
  });

  test('the aws command line calls every action, and prints what boto3 reads', () => {
    expect(report.commandLineErrors).toEqual({});
    expect(report.commandLineShapes).toEqual(report.shapes);
  });

  test.each(ALL)(
    'the SDK for JavaScript asks for %s in the same words, and reads the same in the answer',
    async (name) => {
      const call = report.calls[name];
      if (call === undefined) throw new Error(`boto3 has not called ${name}`);
      const { form, answer } = await replayed(name, call);
      expect(form).toEqual(words(Object.entries(call.form)));
      expect(answer).toEqual(report.answers[name]);
    },
  );

  test('where moto has an action too, the members that one of the two does not have are listed, with the reason', () => {
    expect(Object.keys(report.motoErrors).toSorted()).toEqual(Object.keys(MOTO_FAILS).toSorted());
    const used = new Set<unknown>();
    const unexplained = differences(report).filter(({ only, member }) => {
      const of = DIFFERENCES.find((known) => known.only === only && known.members.test(member));
      used.add(of);
      return of === undefined;
    });
    expect(unexplained).toEqual([]);
    expect(DIFFERENCES.filter((known) => !used.has(known))).toEqual([]);
  });

  test('the limits of more than forty instance types are the published ones, as moto ships them', () => {
    expect(Object.keys(report.types).length).toBeGreaterThanOrEqual(40);
    expect(report.types).toEqual(report.motoTypes);
  });

  test('a command typed in a shell prints what there is, and an error in the words of EC2', async () => {
    const aws = (...words: readonly string[]) => runPython(it.endpoint, 'aws', ['ec2', ...words]);
    const filters = 'Name=tag:Name,Values=node-1';
    const query = 'Reservations[].Instances[].PrivateIpAddress';
    const found = await aws('describe-instances', '--filters', filters, '--query', query, '--output', 'text');
    expect(found).toMatchObject({ code: 0, stdout: '10.0.0.10\n' });
    const refused = await aws('describe-subnets', '--subnet-ids', 'subnet-00000000000000000');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(
      "An error occurred (InvalidSubnetID.NotFound) when calling the DescribeSubnets operation: The subnet ID 'subnet-00000000000000000' does not exist",
    );
  });
});

/** What the SDK sends for a call of boto3's, and what it reads in the answer that boto3 got. */
async function replayed(name: string, { parameters, body }: Call): Promise<{ form: object; answer: unknown }> {
  let sent = '';
  const client = new ec2.EC2Client({
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestHandler: {
      handle: (request: { readonly body?: unknown }) => {
        sent = String(request.body);
        const headers = { 'content-type': 'text/xml;charset=UTF-8' };
        return Promise.resolve({ response: { statusCode: 200, headers, body: Buffer.from(body) } as never });
      },
    },
  });
  const Command = (ec2 as unknown as Readonly<Record<string, typeof ec2.DescribeVpcsCommand>>)[`${name}Command`];
  if (Command === undefined) throw new Error(`the SDK has no ${name}`);
  const { $metadata: _, ...answer } = await client.send(new Command(parameters));
  return { form: words([...new URLSearchParams(sent)]), answer: JSON.parse(JSON.stringify(answer)) as unknown };
}

/** Without the tokens that either makes up for itself. */
function words(form: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(
    form.filter(([name]) => name !== 'ClientToken').map(([name, value]) => [name, spelled(value)]),
  );
}

/** Python's True is JavaScript's true. */
function spelled(value: unknown): string {
  return String(value).replace(/^(True|False)$/, (it) => it.toLowerCase());
}

function differences({ shapes, motoShapes }: Report): readonly { only: 'ours' | 'moto'; member: string }[] {
  return Object.entries(motoShapes).flatMap(([action, theirs]) => {
    const ours = shapes[action] ?? [];
    const missing = (here: readonly string[], there: readonly string[]) => here.filter((path) => !there.includes(path));
    return [
      ...missing(ours, theirs).map((path) => ({ only: 'ours' as const, member: `${action} ${path}` })),
      ...missing(theirs, ours).map((path) => ({ only: 'moto' as const, member: `${action} ${path}` })),
    ];
  });
}
