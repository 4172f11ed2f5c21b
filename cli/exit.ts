/** Documented and stable: scripts and CI depend on them. */
export const exitCodes = {
  done: 0,
  /** An action or a gate failed. */
  failed: 1,
  /** The request or a recipe is wrong. */
  wrong: 2,
  /** The machine: disk, sandbox, permission; or a defect of nacre. */
  machine: 3,
  interrupted: 130,
} as const
