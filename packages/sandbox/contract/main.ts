import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

// `npm run contract` runs the suites against the twins, `npm run contract -- --live` against staging with keys from the environment.
const live = process.argv.includes("--live");
const NEEDED = ["WORKOS_API_KEY", "WORKOS_CLIENT_ID", "CLERK_SECRET_KEY"];
const present = NEEDED.filter((name) => process.env[name]);
if (live && present.length === 0) {
  process.stderr.write(
    `Error: --live needs keys of staging environments.\nNext:  Set ${NEEDED.join(", ")} (one service alone is fine) and run it again.\n`,
  );
  process.exit(2);
}
const root = fileURLToPath(new URL("../../..", import.meta.url));
const { status } = spawnSync("vitest", ["run", "packages/sandbox/contract"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, ...(live ? { REHOME_CONTRACT_LIVE: "1" } : {}) },
});
process.exit(status ?? 1);
