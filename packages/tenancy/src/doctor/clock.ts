import { type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

/** Default leeway of an issuer, in seconds: past it, good tokens are refused and dead ones live on. */
const LEEWAY_S = 5;

/** Do the database's clock and this machine's agree? The round trip is the error of the measurement. */
export async function checkClock(patient: Patient): Promise<Check> {
  const before = patient.now();
  const server = (await read<{ server_ms: number }>(patient, "clock"))[0]?.server_ms ?? 0;
  const after = patient.now();
  const error = (after - before) / 2000;
  const apart = Math.abs(server - (before + after) / 2) / 1000;
  const found = `the database's clock and this machine's are ${apart.toFixed(1)} s apart (± ${error.toFixed(1)} s)`;
  if (apart - error <= LEEWAY_S / 2) return ok("clock", found);
  return {
    name: "clock",
    state: apart - error > LEEWAY_S ? "bad" : "warn",
    found,
    mend: "set both by NTP: exp and iat are compared with the database's clock",
  };
}
