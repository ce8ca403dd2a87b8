/** What is used here of a report of ginkgo (github.com/onsi/ginkgo/v2/types, Report). */
interface GinkgoReport {
  readonly SpecReports: readonly {
    readonly ContainerHierarchyTexts: readonly string[] | null;
    readonly LeafNodeType: string;
    readonly LeafNodeText: string;
    readonly State: string;
    readonly RunTime: number; // ns
    readonly Failure?: { readonly Message: string };
  }[];
}

/** One spec of the suite that ran. */
export interface SpecResult {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly failure?: string;
}

/** The specs that ran, in their order, and what went wrong around them: preparation that failed is a failure too. */
export function specsOf(reports: readonly GinkgoReport[]): readonly SpecResult[] {
  const ran = reports
    .flatMap(({ SpecReports }) => SpecReports)
    .filter(({ State }) => State !== 'skipped' && State !== 'pending')
    .filter(({ LeafNodeType, State }) => LeafNodeType === 'It' || State !== 'passed');
  return ran.map(({ ContainerHierarchyTexts, LeafNodeType, LeafNodeText, State, RunTime, Failure }) => ({
    name: [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' ') || LeafNodeType,
    passed: State === 'passed',
    seconds: Math.round(RunTime / 1e7) / 100,
    ...(Failure === undefined || State === 'passed' ? {} : { failure: Failure.Message }),
  }));
}

/** A line for each spec, failures with the beginning of what was said, and a line that counts. */
export function reportText(specs: readonly SpecResult[]): string {
  const lines = specs.flatMap(({ name, passed, seconds, failure }) => [
    `${passed ? '✓' : '✗'} ${name} (${seconds.toFixed(1)} s)`,
    ...(failure === undefined
      ? []
      : failure
          .split('\n')
          .slice(0, 6)
          .map((line) => `    ${line}`)),
  ]);
  const passed = specs.filter((it) => it.passed).length;
  return [...lines, '', `${passed} passed, ${specs.length - passed} failed`].join('\n');
}
