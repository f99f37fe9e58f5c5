export { checkMove } from "./check/check.ts";
export { runProgram } from "./commands/program.ts";
export { defineMove, env, type MoveConfig, type ProofContext } from "./config/define.ts";
export {
  hasLegacyRow,
  legacyOrPerson,
  literal,
  ownedBy,
  ownedThrough,
  ownerOrg,
  ownerUser,
  parentColumn,
  party,
  person,
  personOrLegacy,
  same,
  sameOr,
  shared,
  type TableMapping,
  user,
  utc,
} from "./config/mapping.ts";
export { MoveError, type MoveErrorCode } from "./errors.ts";
export { judge, type Proof } from "./verify/proof.ts";
