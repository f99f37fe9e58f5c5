import { parentPort } from "node:worker_threads";
import bcrypt from "bcryptjs";

export interface BcryptTask {
  id: number;
  password: string;
  hash: string;
}

parentPort?.on("message", ({ id, password, hash }: BcryptTask) => {
  parentPort?.postMessage({ id, matches: bcrypt.compareSync(password, hash) });
});
