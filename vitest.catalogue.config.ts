import { defineConfig } from 'vitest/config'

/** The whole catalogue: `npm run test:catalogue`, an hour or more on two cores. */
export default defineConfig({
  test: {
    include: ['test/catalogue/**/*.test.ts'],
    globalSetup: ['test/compile.ts'],
    maxWorkers: 1,
    testTimeout: 4 * 3_600_000,
    hookTimeout: 600_000,
  },
})
