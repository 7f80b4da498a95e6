import { defineConfig } from 'vitest/config';

/** Tests that boot a virtual machine: `npm run test:vm`. */
export default defineConfig({
  test: {
    include: ['test/vm/**/*.vm.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 1_200_000,
    reporters: ['default'],
  },
});
