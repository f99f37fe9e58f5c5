import { WorkOS } from "@workos-inc/node";
import pg from "pg";
import { deleteOrganization } from "../deletion.ts";
import { runAs } from "../run.ts";

// A process that kills itself after a number of steps, as a power cut would.
const { WORKERS, API_KEY, PORT, ORG_ID = "", STEPS } = process.env;
const workos = new WorkOS(API_KEY, { apiHostname: "127.0.0.1", port: Number(PORT), https: false, maxRetries: 0 } as never);
const pool = new pg.Pool({ connectionString: WORKERS ?? "" });
let left = Number(STEPS);
await deleteOrganization({ workos, deletion: runAs(pool, "deletion") }, ORG_ID, {
  batchRows: 4,
  onStep: () => {
    if (--left === 0) process.kill(process.pid, "SIGKILL");
  },
});
await pool.end();
