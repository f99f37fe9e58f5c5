import { type ModuleUse, modulesOf } from "./modules.ts";
import { HOLE, scan, type Token } from "./scan.ts";
import { isSign, isWord, textsOf } from "./texts.ts";

/** What a rule finds in one file. */
export interface SourceHit {
  rule: string;
  /** Names of ours only; no text of the file. */
  what: string;
  line: number;
}

/** Everything in one file that the rules of families/source.ts are about, by line. */
export function sourceHits(source: string, guardSchema: string): SourceHit[] {
  const streams = scan(source);
  const hits = [...inTexts(streams, guardSchema), ...openings(streams), ...driverTokens(streams)];
  return hits.map(({ rule, what, at }) => ({ rule, what, line: source.slice(0, at).split("\n").length })).sort((a, b) => a.line - b.line);
}

interface Hit {
  rule: string;
  what: string;
  at: number;
}

const SETTING_FUNCTION = /\bset_config\b/i;
const CLAIMS = /\brequest\.jwt\b/i;
const ROLE = new RegExp(
  [
    `\\bset\\s+(?:local|session|${HOLE})\\s+role\\b`,
    // Not `update … set role = …`: the statement begins here, be it inside another's text.
    `(?:^|[;'${HOLE}]|\\bbegin\\b)\\s*set\\s+role\\s+[\\w'.${HOLE}-]+\\s*(?:[;'${HOLE}]|$)`,
    "(?:^|[;'])\\s*set\\s+role\\s*(?:=|\\bto\\b)",
    // In a connection's `options`.
    "(?:^|\\s)-c\\s*role\\s*=",
  ].join("|"),
  "i",
);
const AUTHORIZATION = /\bset\s+(?:local\s+|session\s+)?session\s+authorization\b|\bsession_authorization\b/i;
const BINDING = /\b(?:jwt_session_init|jwt_session_ticket|ticket_session_init)\b/i;

function inTexts(streams: readonly Token[][], guardSchema: string): Hit[] {
  const schemas = [...new Set(["auth", guardSchema])].map((name) => name.replace(/[^\w]/g, "\\$&")).join("|");
  const guardSetting = new RegExp(`\\b(?:${schemas})\\.(?:identity|claims)\\b|\\brehome\\.transaction\\b`, "i");
  const looked: [rule: string, what: string, pattern: RegExp][] = [
    ["source-sets-identity", "set_config", SETTING_FUNCTION],
    ["source-sets-identity", "request.jwt", CLAIMS],
    ["source-sets-identity", "a setting of the guard", guardSetting],
    ["source-sets-role", "set role", ROLE],
    ["source-sets-role", "set session authorization", AUTHORIZATION],
    ["source-calls-guard", "a function of the guard that binds an identity", BINDING],
  ];
  return streams.flatMap(textsOf).flatMap(({ text, at }) => {
    const sql = withoutSqlComments(text).replaceAll('"', "");
    return looked.filter(([, , pattern]) => pattern.test(sql)).map(([rule, what]) => ({ rule, what, at }));
  });
}

const withoutSqlComments = (text: string) =>
  text.replace(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (part) => (part[0] === "'" ? part : " "));

/** Modules that connect to Postgres. `drizzle-orm/neon` has policies only. */
const DRIVER =
  /^(?:pg|pg-pool|pg-native|pg-promise|postgres|slonik|@neondatabase\/serverless|@vercel\/postgres|drizzle-orm\/(?:node-postgres|postgres-js|neon-http|neon-serverless|vercel-postgres|aws-data-api\/pg|xata-http|pg-proxy)(?:\/.*)?)$/;
const CONSTRUCTORS = new Set(["Pool", "Client", "NeonPool"]);
/** Of a driver's exports, those that open nothing. */
const HARMLESS = new Set(["escapeIdentifier", "escapeLiteral", "types", "DatabaseError"]);
const OPENERS = new Set(["drizzle", "neon"]);

function openings(streams: readonly Token[][]): Hit[] {
  const modules = streams.flatMap(modulesOf);
  const calls = streams.flatMap((stream) => callsOf(stream, modules));
  if (calls.length > 0) return calls;
  // Whatever is done with it, under whatever name.
  return modules
    .filter(
      ({ module, typesOnly, taken }) => DRIVER.test(module) && !typesOnly && !(taken.length > 0 && taken.every((one) => HARMLESS.has(one))),
    )
    .map(({ module, at }) => ({ rule: "source-opens-database", what: `${module} is loaded`, at }));
}

function callsOf(stream: readonly Token[], modules: readonly ModuleUse[]): Hit[] {
  const moduleOf = (name: string) => modules.find(({ names }) => names.includes(name))?.module;
  const isOthers = (name: string) => {
    const module = moduleOf(name);
    return module !== undefined && !module.startsWith(".") && !DRIVER.test(module);
  };
  return stream.flatMap((token, index): Hit[] => {
    const { kind, text, at } = token;
    if (kind !== "word") return [];
    const hit = (what: string) => [{ rule: "source-opens-database", what, at }];
    if (text === "new") {
      const path = pathAfter(stream, index + 1);
      const last = path.at(-1) ?? "";
      return CONSTRUCTORS.has(last) && !isOthers(path[0] ?? "") ? hit(`new ${last}`) : [];
    }
    const called = isSign(stream[index + 1], "(") || isSign(stream[index + 1], "<");
    const declared = isWord(stream[index - 1], "function") || isSign(stream[index - 1], ".");
    return called && !declared && OPENERS.has(text) && !isOthers(text) ? hit(`${text}()`) : [];
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

/** `authToken` as a key of an object, and `$withAuth()` of Drizzle. */
function driverTokens(streams: readonly Token[][]): Hit[] {
  return streams.flatMap((stream) => {
    const open: string[] = [];
    return stream.flatMap(({ kind, text, at }, index): Hit[] => {
      if (kind === "sign" && "([{".includes(text)) open.push(text);
      if (kind === "sign" && ")]}".includes(text)) open.pop();
      if (kind === "sign") return [];
      const [before, after] = [stream[index - 1], stream[index + 1]];
      const isKey = open.at(-1) === "{" && "{,".includes(before?.text ?? ";") && after?.kind === "sign" && ":,}".includes(after.text);
      const what = text === "authToken" && isKey ? "authToken" : kind === "word" && text === "$withAuth" ? "$withAuth()" : undefined;
      return what === undefined ? [] : [{ rule: "source-gives-driver-token", what, at }];
    });
  });
}
