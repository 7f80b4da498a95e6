import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Writes the file `$TEST_SUMMARY` for scripts/test: a line `skipped: …` for each reason that a test gave, then the line
 * `N passed, N failed, N skipped`. A failed hook, a file that does not load and an error outside of any test count as one
 * failure each.
 */
export default class TestSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const reasons = new Set<string>();
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const suites = [module, ...module.children.allSuites()];
      count.failed += suites.filter(suite => suite.errors().length > 0).length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state]++;
        if (result.state === 'skipped' && result.note) reasons.add(`skipped: ${result.note}`);
      }
    }
    const total = `${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`;
    writeFileSync(process.env['TEST_SUMMARY'] ?? '/dev/stdout', `${[...reasons, total].join('\n')}\n`);
  }
}
