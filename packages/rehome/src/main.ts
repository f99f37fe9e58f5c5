#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before anything else is loaded: it halves the start of every command after the first (0.9 s to 0.45 s of CPU here).
enableCompileCache();
const { runProgram } = await import("./commands/program.ts");

process.exitCode = await runProgram(process.argv.slice(2));
