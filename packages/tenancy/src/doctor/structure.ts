import { quoteRelation } from "../install/sql-text.ts";
import { type Check, installCall, mendBy, ok, type Patient } from "./check.ts";
import { type Difference, differences } from "./differences.ts";
import { expectedInstalled, type Kind, readInstalled, type Thing } from "./installed.ts";

/** In the order in which their mends can be run. */
const CHECKS: readonly { name: string; kinds: readonly Kind[]; fine: string }[] = [
  {
    name: "guard's tables",
    kinds: ["sequence", "table", "column", "constraint", "index", "policy", "rule", "view"],
    fine: "each as this version installs it, with its keys and checks",
  },
  { name: "guard's functions", kinds: ["schema", "function"], fine: "each as this version installs it, callable by whom it is for" },
  { name: "guard's triggers", kinds: ["trigger"], fine: "all there, and on in every session" },
];

/** So many differences are named one by one. */
const NAMED = 6;

/**
 * Is what stands in the guard's schema what this version installs? Compared with the list of a fresh installation that comes with this
 * package, never with what the database says of itself.
 */
export async function checkStructure({ client, options, mirror }: Patient): Promise<Check[]> {
  const schema = options.guardSchema;
  const found = await readInstalled(client, schema);
  const asked = askedMirror(found) ?? mirror;
  const all = differences(expectedInstalled({ schema, mirror: asked }), found);
  const checks = CHECKS.map(({ name, kinds, fine }) => {
    const here = all.filter(({ kind }) => kinds.includes(kind));
    return here.length === 0 ? ok(name, fine) : summary(name, here, { schema, mirror: asked });
  });
  return asked === mirror ? checks : [otherMirror(asked, mirror, schema), ...checks];
}

/** The mirror that the guard's functions ask; undefined where that cannot be told. */
function askedMirror(found: readonly Thing[]): string | undefined {
  const body = found.find(({ kind, name }) => kind === "function" && name.endsWith(".org_id()"))?.facts["body"] ?? "";
  const [, schema, table] = / from "(\w+)"\."(\w+)" m where /.exec(body) ?? [];
  return schema === undefined ? undefined : `${schema}.${table}`;
}

/** Which of the two is right, only the product knows: installing with the wrong one would take everybody's identity. */
function otherMirror(asked: string, mirror: string, schema: string): Check {
  return {
    name: "guard's mirror",
    state: "bad",
    found: `the guard asks ${quoteRelation(asked)}, and the doctor was told of ${quoteRelation(mirror)}`,
    mend: `name the right one: tenancy doctor --mirror ${asked}, or ${installCall({ schema, mirror })}`,
  };
}

function summary(name: string, here: readonly Difference[], names: { schema: string; mirror: string }): Check {
  const named = here.filter(({ what }) => what !== "").map(({ what }) => what);
  const rest = named.length - NAMED;
  return {
    name,
    state: here.every(({ more }) => more) ? "warn" : "bad",
    found:
      named.length === 0
        ? "those of a table that is missing"
        : `${named.slice(0, NAMED).join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`,
    mend: mendBy(
      here.flatMap(({ sql }) => sql),
      here.some(({ install }) => install) ? installCall(names) : undefined,
    ),
  };
}
