import { defineConfig } from 'vitest/config';

/**
 * Tests that boot a virtual machine: `npm run test:vm`. The limit of hooks is for a machine that hangs: test/lab/vm.ts ends
 * each of its two attempts after 40 minutes.
 */
export default defineConfig({
  test: {
    include: ['test/vm/**/*.vm.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 6_000_000,
    reporters: ['default'],
  },
});
