import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/catalogue/**', 'node_modules/**'],
    globalSetup: ['test/compile.ts'],
    // The suites start processes, sandboxes and workers of their own; two files at a time keep two cores busy.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
