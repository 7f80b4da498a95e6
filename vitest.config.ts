import os from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    isolate: false,
    // tests mostly wait for tools, loaders and virtual machines
    maxWorkers: Math.max(2, os.availableParallelism() - 1),
    // only a test that hangs reaches these, however slow the machine is
    testTimeout: 600_000,
    hookTimeout: 2_400_000,
    reporters: ['default'],
  },
});
