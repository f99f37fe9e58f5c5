import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { applyAccepted } from "../accept.ts";
import { OPTION_RULES } from "../families/options.ts";
import { SOURCE_RULES } from "../families/source.ts";
import { type Finding, worstFirst } from "../finding.ts";
import { type LintOptions, OptionsError, settle } from "../options.ts";
import { sourceHits } from "./checks.ts";
import { sourceFiles } from "./files.ts";
import { handsDriverOn } from "./handed-on.ts";

/**
 * Looks in the product's code for what sets an identity by hand, or opens the database past the client. Reads files, connects to nothing.
 *
 * @param options `source` says where to look and what is allowed there
 * @param root the folder that the paths in `options` start from: that of the config file
 * @param places instead of `source.folders`, as paths from `root`; what is allowed and not found there is then no finding
 * @returns findings that are not allowed, the worst first; `object` is the file, `place` the line
 * @throws OptionsError when the options cannot be used
 */
export function lintSource(options: LintOptions, root: string, places?: readonly string[]): Finding[] {
  const { guardSchema } = settle(options);
  const { folders = [], allow = [] } = options.source ?? {};
  settle({ accept: allow });
  for (const { rule } of allow) {
    if (!SOURCE_RULES.some(({ id }) => id === rule))
      throw new OptionsError(`What is allowed in source names rule ${rule}, and there is no such rule.`);
  }
  const wanted = places ?? folders;
  if (wanted.length === 0)
    throw new OptionsError("No folder of source was named.", "Give --source <folder…>, or `source.folders` in tenancy.config.ts.");

  const filesByPlace = wanted.map((place) => [place, sourceFiles(root, resolve(root, place))] as const);
  const files = [...new Set(filesByPlace.flatMap(([, files]) => files))];
  const findings = files.flatMap((file) => findingsIn(root, file, guardSchema));
  const accepted = applyAccepted(findings, allow, "source.allow");
  const kept = places ? accepted.filter((finding) => findings.includes(finding)) : accepted;
  const empty = filesByPlace.filter(([, files]) => files.length === 0).map(([place]) => nothingIn(place));
  return [...empty, ...kept].sort(worstFirst);
}

function findingsIn(root: string, file: string, guardSchema: string): Finding[] {
  const path = resolve(root, file);
  const hits = sourceHits(readFileSync(path, "utf8"), guardSchema, (module) => handsDriverOn(path, module));
  return hits.map(({ rule, what, line }) => {
    const { level, why } = SOURCE_RULES.find(({ id }) => id === rule) as (typeof SOURCE_RULES)[number];
    return { rule, level, object: file, what: `line ${line}: ${what}`, why, mend: MEND, place: { file, line } };
  });
}

const MEND =
  "-- go through tenancy.as, tenancy.anonymous or tenancy.job; where that cannot be, allow the file in `source.allow`, with the reason";

function nothingIn(place: string): Finding {
  const [{ id: rule, level, why }] = OPTION_RULES as [(typeof OPTION_RULES)[number]];
  return {
    rule,
    level,
    object: place,
    what: "there is no source file",
    why,
    mend: "-- name the folders of the product's code in `source.folders`",
  };
}
