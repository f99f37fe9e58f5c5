import { isDriver, takesDriver } from "./drivers.ts";
import { type ModuleUse, modulesOf } from "./modules.ts";
import type { Token } from "./scan.ts";
import { isSign, isWord } from "./texts.ts";

/** Says of a relative module, as the file names it, whether it may hand a driver on. */
export type HandsOn = (module: string) => boolean;

export interface Opening {
  what: string;
  at: number;
}

const CONSTRUCTORS = new Set(["Pool", "Client", "NeonPool", "Kysely", "PrismaClient"]);
const OPENERS = new Set(["drizzle", "neon"]);

/** Where a file opens a connection: the calls that do, or else what it loads to do it with, whatever is done with it under whatever name. */
export function openingsIn(streams: readonly Token[][], handsOn: HandsOn): Opening[] {
  const modules = streams.flatMap(modulesOf);
  const declared = new Set(streams.flatMap(declaredIn));
  const calls = streams.flatMap((stream) => callsIn(stream, (path) => mayOpen(path, modules, declared, handsOn)));
  return calls.length > 0 ? calls : modules.filter(takesDriver).map(({ module, at }) => ({ what: `${module} is loaded`, at }));
}

/** Whether what has a driver's name here is the driver's; a name that comes from nowhere may be. */
function mayOpen(
  [name = "", ...members]: readonly string[],
  modules: readonly ModuleUse[],
  declared: ReadonlySet<string>,
  handsOn: HandsOn,
): boolean {
  const module = modules.find(({ names }) => names.includes(name))?.module;
  // Of `pg.Pool`, pg may be a variable that was given the module.
  if (module === undefined) return members.length > 0 || !declared.has(name);
  return module.startsWith(".") ? handsOn(module) : isDriver(module);
}

const DECLARES = new Set(["class", "function", "const", "let", "var"]);

function declaredIn(stream: readonly Token[]): string[] {
  return stream.flatMap(({ kind, text }, index) => {
    const before = stream[isSign(stream[index - 1], "*") ? index - 2 : index - 1];
    return kind === "word" && before?.kind === "word" && DECLARES.has(before.text) ? [text] : [];
  });
}

function callsIn(stream: readonly Token[], opens: (path: readonly string[]) => boolean): Opening[] {
  return stream.flatMap((token, index): Opening[] => {
    const { kind, text, at } = token;
    if (kind !== "word") return [];
    if (text === "new") {
      const path = pathAfter(stream, index + 1);
      const last = path.at(-1) ?? "";
      return CONSTRUCTORS.has(last) && opens(path) ? [{ what: `new ${last}`, at }] : [];
    }
    const called = isSign(stream[index + 1], "(") || isSign(stream[index + 1], "<");
    const another = isWord(stream[index - 1], "function") || isSign(stream[index - 1], ".");
    return called && !another && OPENERS.has(text) && opens([text]) ? [{ what: `${text}()`, at }] : [];
  });
}

/** `pg.Pool` as its words. */
function pathAfter(stream: readonly Token[], index: number): string[] {
  const path: string[] = [];
  for (; stream[index]?.kind === "word"; index += 2) {
    path.push(stream[index]?.text ?? "");
    if (!isSign(stream[index + 1], ".")) break;
  }
  return path;
}
