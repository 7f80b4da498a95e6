import os from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Starts the files of test/e2e first, which take longest, so that no worker is left with one of them at the end. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSlow = (file: TestSpecification) => file.moduleId.includes('/test/e2e/');
    return [...sorted.filter(isSlow), ...sorted.filter(file => !isSlow(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    isolate: false,
    // tests wait for tools, loaders and booted hosts about half of their time
    maxWorkers: os.availableParallelism() + 2,
    sequence: { sequencer: SlowestFirst },
    // only a test that hangs reaches these, however slow the machine is
    testTimeout: 600_000,
    hookTimeout: 2_400_000,
    reporters: ['default'],
  },
});
