import { runTwin } from "../twin/process.ts";
import { startWorkosTwin, type WorkosTwinOptions } from "./twin.ts";

runTwin<WorkosTwinOptions>("WorkOS", async (options) => {
  const { stop: _, ...address } = await startWorkosTwin(options);
  return address;
});
