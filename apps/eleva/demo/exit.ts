import type { Proof } from "rehome";

/** The exit code of a demo: 0 when every proof holds, 3 when one does not, or when nothing was proved. */
export function exitOf(proofs: readonly Proof[]): 0 | 3 {
  return proofs.length > 0 && proofs.every((proof) => proof.ok) ? 0 : 3;
}
