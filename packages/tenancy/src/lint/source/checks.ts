import { type HandsOn, openingsIn } from "./openings.ts";
import { HOLE, scan, type Token } from "./scan.ts";
import { readableSql } from "./sql-text.ts";
import { textsOf } from "./texts.ts";

/** What a rule finds in one file. */
export interface SourceHit {
  rule: string;
  /** Names of ours only; no text of the file. */
  what: string;
  line: number;
}

/**
 * Everything in one file that the rules of families/source.ts are about, by line.
 *
 * @param handsOn tells of other files; without it, any may hand a driver on
 */
export function sourceHits(source: string, guardSchema: string, handsOn: HandsOn = () => true): SourceHit[] {
  const streams = scan(source);
  const openings = openingsIn(streams, handsOn).map((opening) => ({ rule: "source-opens-database", ...opening }));
  const hits = [...inTexts(streams, guardSchema), ...openings, ...driverTokens(streams)];
  return hits.map(({ rule, what, at }) => ({ rule, what, line: source.slice(0, at).split("\n").length })).sort((a, b) => a.line - b.line);
}

interface Hit {
  rule: string;
  what: string;
  at: number;
}

/** A function called, or its name kept for a call elsewhere; no sentence about it. */
const called = (names: string) =>
  new RegExp(`\\b(?:${names})\\b\\s*(?:\\((?!\\s*\\))|['${HOLE}])|^\\W*(?:(?:select|perform|call)\\s+)?(?:\\w+\\.)?(?:${names})\\s*$`, "i");
const SETTING_FUNCTION = called("set_config");
const BINDING = called("jwt_session_init|jwt_session_ticket|ticket_session_init");
const SETTINGS_VIEW = /\bupdate\s+(?:only\s+)?(?:pg_catalog\.)?pg_settings\b/i;
const CLAIMS = /\brequest\.jwt\b/i;

/** Where a statement begins, be it inside another's text, a block or a string. Not in `update … set role = …`, nor in a sentence. */
const BEGIN = "(?:^|[;'$]|\\b(?:begin|then|else|loop)\\b)\\s*";
const BEGIN_OR_HOLE = `(?:${HOLE}\\s*|${BEGIN})`;
const END = `\\s*(?:[;'$${HOLE}]|$)`;
const A_ROLE = `[\\w'.%$${HOLE}-]+${END}`;
const ROLE = new RegExp(
  [
    `${BEGIN_OR_HOLE}set\\s+(?:local|session|${HOLE})\\s+role(?:\\s*=|\\s+to\\b|\\s+${A_ROLE})`,
    `${BEGIN_OR_HOLE}set\\s+role\\s+${A_ROLE}`,
    `${BEGIN}set\\s+role\\s*(?:=|\\bto\\b)`,
    // In a connection's `options`.
    "(?:^|\\s)-c\\s*role\\s*=",
  ].join("|"),
  "i",
);
/** In one case, as statements are; "Reset role" stands on a button. */
const RESET_ROLE = new RegExp([/reset\s+role/, /RESET\s+ROLE/].map(({ source }) => `${BEGIN_OR_HOLE}${source}${END}`).join("|"));
const AUTHORIZATION = /\b(?:set|reset)\s+(?:local\s+|session\s+)?session\s+authorization\b|\bsession_authorization\b/i;

function inTexts(streams: readonly Token[][], guardSchema: string): Hit[] {
  const schemas = [...new Set(["auth", guardSchema])].map((name) => name.replace(/[^\w]/g, "\\$&")).join("|");
  const guardSetting = new RegExp(`\\b(?:${schemas})\\.(?:identity|claims)\\b|\\brehome\\.transaction\\b`, "i");
  const looked: [rule: string, what: string, pattern: RegExp][] = [
    ["source-sets-identity", "set_config", SETTING_FUNCTION],
    ["source-sets-identity", "update pg_settings", SETTINGS_VIEW],
    ["source-sets-identity", "request.jwt", CLAIMS],
    ["source-sets-identity", "a setting of the guard", guardSetting],
    ["source-sets-role", "set role", ROLE],
    ["source-sets-role", "reset role", RESET_ROLE],
    ["source-sets-role", "set session authorization", AUTHORIZATION],
    ["source-calls-guard", "a function of the guard that binds an identity", BINDING],
  ];
  return streams.flatMap(textsOf).flatMap(({ text, at }) => {
    const sql = readableSql(text);
    return looked.filter(([, , pattern]) => pattern.test(sql)).map(([rule, what]) => ({ rule, what, at }));
  });
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
