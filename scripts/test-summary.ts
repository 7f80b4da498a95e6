import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import type { UserConsoleLog } from 'vitest';

/** A test that lacks something prints such a line: test/lab/requires.ts. */
const SKIP_LINE = /^skipped: .+$/gm;

/**
 * What scripts/test ends with, written to the file `$TEST_SUMMARY`: why tests were skipped, each reason once, then
 * `N passed, N failed, N skipped`. A hook that fails, a file that does not load and an error outside of any test
 * count as one failure each.
 */
export default class TestSummary implements Reporter {
  readonly #reasons = new Set<string>();

  onUserConsoleLog({ content }: UserConsoleLog): void {
    for (const [line] of content.matchAll(SKIP_LINE)) this.#reasons.add(line);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const suites = [module, ...module.children.allSuites()];
      count.failed += suites.filter(suite => suite.errors().length > 0).length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state]++;
        if (result.state === 'skipped' && result.note) this.#reasons.add(`skipped: ${result.note}`);
      }
    }
    const total = `${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`;
    writeFileSync(process.env['TEST_SUMMARY'] ?? '/dev/stdout', `${[...[...this.#reasons].sort(), total].join('\n')}\n`);
  }
}
