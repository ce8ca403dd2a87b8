// npm test: everything (ci/steps.ts), and a last line that counts what really ran: "N passed, N failed, N skipped".
// One step follows the other. Those that only compute follow each other beside them, at the lowest priority: what they
// printed is shown when they have ended, between two of the others. Those that look at the clock come last, alone.
//   npm test -- WORD …   only the steps with one of these words in their names
import { missingCaches } from './ci/caches.ts';
import { countText, sum } from './ci/count.ts';
import { type Done, runStep } from './ci/run-step.ts';
import { BUILD, BUILD_MINUTES, type Step, STEPS } from './ci/steps.ts';
import { runProgram } from './program.ts';

async function main(words: readonly string[]): Promise<number> {
  const steps = STEPS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (steps.length === 0) {
    console.error(`no step is named so; there are:\n${STEPS.map(({ name }) => `  ${name}`).join('\n')}`);
    return 2;
  }
  const missing = missingCaches();
  const began = performance.now();
  const building = steps.some(({ command }) => command === BUILD)
    ? runProgram(BUILD, { minutes: BUILD_MINUTES, lowest: true })
    : undefined;
  const done = await runAll(steps);
  await building;
  const results = steps.flatMap((step) => done.get(step) ?? []);
  const total = sum(results.map(({ count }) => count));
  const caches = missing.length === 0 ? 'warm caches' : `cold caches (built or fetched now: ${missing.join(', ')})`;
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  const lines = results.map(({ line }) => line).join('\n');
  const failures = results.flatMap((it) => it.failures.map((told) => `\n✗ ${told}\n`));
  console.log(`\n${failures.join('')}\n${lines}\n\n${minutes} min, with ${caches}\n${countText(total)}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

/** Both rows of steps at the same time, each in its order; then those that want the machine for themselves. */
async function runAll(steps: readonly Step[]): Promise<ReadonlyMap<Step, Done>> {
  const done = new Map<Step, Done>();
  const unseen: Step[] = [];
  const show = () => {
    for (const step of unseen.splice(0)) console.log(`\n=== ${step.name}\n${done.get(step)?.output ?? ''}`);
  };
  const beside = inOrder(
    steps.filter((step) => step.beside),
    async (step) => {
      done.set(step, await runStep(step, false));
      unseen.push(step);
    },
  );
  const shown = async (step: Step) => {
    console.log(`\n=== ${step.name}`);
    done.set(step, await runStep(step, true));
    show();
  };
  await inOrder(
    steps.filter((step) => !step.beside && !step.alone),
    shown,
  );
  await beside;
  show();
  await inOrder(
    steps.filter((step) => step.alone),
    shown,
  );
  return done;
}

async function inOrder(steps: readonly Step[], run: (step: Step) => Promise<void>): Promise<void> {
  for (const step of steps) {
    if (process.exitCode !== undefined) return; // we were told to end
    await run(step);
  }
}

process.exitCode = await main(process.argv.slice(2));
