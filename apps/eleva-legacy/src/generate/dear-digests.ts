import type { Digest } from "./digests.ts";

export interface KnownDigest extends Digest {
  password: string;
}

/**
 * PBKDF2 digests at WorkOS's floor. One costs a tenth of a second, so they were computed once and are shared by all worlds;
 * `digests.test.ts` computes them again.
 */
export const PBKDF2_AT_FLOOR: readonly KnownDigest[] = [
  {
    hasher: "pbkdf2_sha256",
    password: "Correio-Azul-41",
    digest: "pbkdf2_sha256$600000$5HTW3XlOUfi2ZiI7gMsJoQ==$sEfstWXFm4xq6ParSny/Txg3E2mdmS8Vh4ylmSjlBB4=",
  },
  {
    hasher: "pbkdf2_sha256_django",
    password: "Ponte.Vasco 1998",
    digest: "pbkdf2_sha256$600000$xEWXV9qbR1JwZiOJxvFR0J$fmvfhklMhkuEdl6tlbIgv4fkgcMRjL7YlaKkSMSw1vo=",
  },
  {
    hasher: "pbkdf2_sha512",
    password: "castanhas no Outono",
    digest:
      "pbkdf2_sha512$210000$XGpd1xXTOGcKKKOG$bca4acfa81df577ff77b56e9e24903c69ea3fb2a4689b0fc6f3742486a7149e661d270e39a4a1290b2cbe7ffb60aea4146dbd93aee1e12a7b6ce818127acbed7",
  },
];

/** One iteration more than WorkOS takes. */
export const PBKDF2_ABOVE_CEILING: KnownDigest = {
  hasher: "pbkdf2_sha512",
  password: "manjerico à janela",
  digest:
    "pbkdf2_sha512$1000001$X6xfalYwtNPpJcqq$79241db065b6d6f029b3b523efbd469f5726a8d75e032f12a6f0a9c51e1f9c703927b7700c3cd9d26edd6c6e5aba252b8ba0853644e98d94cf8e06997ded4a11",
};
