#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// V8 lets the space for young objects grow to 100 MB while 200,000 people pass by; that can be set only when a process starts. This one begins
// anew under the same process id, which takes 40 ms.
const YOUNG = "--max-semi-space-size=2";
if (process.execve && !process.execArgv.includes(YOUNG))
  process.execve(process.execPath, [process.execPath, YOUNG, ...process.execArgv, ...process.argv.slice(1)]);

// Before anything else is loaded: it halves the start of every command after the first (0.9 s to 0.45 s of CPU here).
enableCompileCache();
const { runProgram } = await import("./commands/program.ts");

process.exitCode = await runProgram(process.argv.slice(2));
