import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");

/**
 * Which rooms of the mover may look into which. A later room never is looked into by an earlier one; `commands` sees all, and nobody sees it.
 * ARCHITECTURE.md tells the same table in words.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  postgres: [],
  config: ["legacy", "verify/proof.ts"],
  legacy: ["config"],
  mapping: ["config", "postgres"],
  plan: ["config", "legacy", "mapping", "postgres"],
  ledger: ["legacy", "plan", "postgres"],
  users: ["config", "legacy", "ledger", "plan", "postgres"],
  copy: ["config", "ledger", "mapping", "postgres", "users"],
  schema: ["config", "copy", "ledger", "mapping", "postgres"],
  verify: ["config", "copy", "ledger", "legacy", "mapping", "postgres", "users"],
  cutover: ["config", "copy", "ledger", "legacy", "plan", "postgres", "users", "verify"],
  status: ["config", "copy", "cutover", "ledger", "postgres"],
  report: ["config", "ledger", "postgres"],
  check: ["config", "legacy", "mapping", "postgres", "users"],
  commands: ["config", "check", "copy", "cutover", "ledger", "plan", "postgres", "report", "schema", "status", "users", "verify"],
};

/** Packages may use others only through their door, and only these. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "packages/sandbox": [],
  "packages/tenancy": ["@rehome/sandbox", "@rehome/tenancy"], // itself: its example and its pages write as a stranger would
  "packages/rehome": ["@rehome/sandbox"],
  bench: ["@rehome/sandbox", "@rehome/tenancy", "rehome"],
  "apps/eleva-legacy": ["@rehome/sandbox"],
  "apps/eleva": ["@rehome/eleva-legacy", "@rehome/sandbox", "@rehome/tenancy", "rehome"],
};
const ONLY_IN_TESTS = ["@rehome/sandbox", "@rehome/eleva-legacy"];

test("the rooms of the mover look only where they may", () => {
  const home = join(ROOT, "packages/rehome/src");
  const wrong: string[] = [];
  for (const file of sources(home)) {
    const room = roomOf(relative(home, file));
    if (!room || file.includes(".test.") || file.includes("/testing/")) continue;
    if (!ROOMS[room]) wrong.push(`${room} is not in the table`);
    for (const target of importsOf(file).filter((name) => name.startsWith("."))) {
      const other = relative(home, resolve(dirname(file), target));
      const otherRoom = roomOf(other);
      const allowed = ROOMS[room] ?? [];
      if (otherRoom && otherRoom !== room && !allowed.includes(otherRoom) && !allowed.includes(other))
        wrong.push(`${relative(home, file)} imports ${other}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("packages meet only at their doors", () => {
  const wrong: string[] = [];
  for (const [name, allowed] of Object.entries(PACKAGES)) {
    for (const file of sources(join(ROOT, name))) {
      const shown = relative(ROOT, file);
      const forTests = /\.test\.ts$|\/testing\/|\/demo\/|\/contract\/|\/example\/|\/pooler\/|\/replica\/|^bench\//.test(shown);
      for (const target of importsOf(file)) {
        if (target.startsWith(".") && relative(join(ROOT, name), resolve(dirname(file), target)).startsWith(".."))
          wrong.push(`${shown} reaches out of its package: ${target}`);
        const ours = target.startsWith("@rehome/") || target === "rehome" || target.startsWith("rehome/");
        if (!ours) continue;
        const door = target.startsWith("@rehome/") ? target.split("/").slice(0, 2).join("/") : "rehome";
        if (door !== target && target !== "rehome/cli") wrong.push(`${shown} does not use the door: ${target}`);
        if (!allowed.includes(door)) wrong.push(`${shown} may not use ${door}`);
        if (ONLY_IN_TESTS.includes(door) && !forTests) wrong.push(`${shown} uses ${door} outside of tests and demo`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test("a forbidden import would be found", () => {
  expect(importsIn(`import { x } from "../commands/plan.ts";\nexport type { Y } from "./y.ts";\nawait import("./z.ts");`)).toEqual([
    "../commands/plan.ts",
    "./y.ts",
    "./z.ts",
  ]);
});

function roomOf(path: string): string | undefined {
  return path.includes("/") ? path.split("/")[0] : undefined;
}

function importsOf(file: string): string[] {
  return importsIn(readFileSync(file, "utf8"));
}

function importsIn(text: string): string[] {
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s+["']([^"']+)["']/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name === "node_modules") return [];
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}
