import { isNode, type Node, type Value } from "../expression/parse.ts";
import {
  alwaysTrue,
  argsOf,
  asColumn,
  functionsOf,
  hasAnyColumn,
  looksOutside,
  type Place,
  places,
  readsTable,
  rowColumns,
  SUBLINK,
  tablesOf,
} from "../expression/questions.ts";
import type { Facts, FunctionFacts, Policy, Table, Verb } from "../facts.ts";
import type { Hit } from "../finding.ts";

/** Rules that look into the expressions of policies for the product's roles, by rule. */
export const POLICY_CHECKS: Readonly<Record<string, (facts: Facts) => Hit[]>> = {
  "always-true-read": (facts) =>
    eachPolicy(facts, (policy) =>
      policy.permissive && touches(policy, "select") && holdsAlways(policy, policy.using, facts)
        ? { what: `USING (${policy.usingSql}) holds for every row`, mend: narrow(policy, "using", facts) }
        : undefined,
    ),

  "always-true-write": (facts) =>
    eachPolicy(facts, (policy) => {
      if (!policy.permissive) return undefined;
      if (touches(policy, "update", "delete") && holdsAlways(policy, policy.using, facts))
        return { what: `USING (${policy.usingSql}) holds for every row`, mend: narrow(policy, "using", facts) };
      if (touches(policy, "insert", "update") && holdsAlways(policy, checkOf(policy), facts))
        return {
          what: `WITH CHECK (${policy.checkSql ?? policy.usingSql}) holds for every row`,
          mend: narrow(policy, "with check", facts),
        };
      return undefined;
    }),

  "row-not-looked-at": (facts) =>
    eachPolicy(facts, (policy) => {
      if (!policy.permissive) return undefined;
      if (ignoresRow(policy, policy.using, facts))
        return { what: `USING (${policy.usingSql}) names no column of the row`, mend: narrow(policy, "using", facts) };
      if (policy.check !== null && ignoresRow(policy, policy.check, facts))
        return { what: `WITH CHECK (${policy.checkSql}) names no column of the row`, mend: narrow(policy, "with check", facts) };
      return undefined;
    }),

  "identity-null-passes": (facts) =>
    eachPolicy(facts, (policy) => {
      const how = [policy.using, policy.check].map((root) => passesWithNull(root, facts)).find((found) => found !== undefined);
      return how === undefined
        ? undefined
        : { what: `it holds where the guard answers null, by ${how}`, mend: narrow(policy, "using", facts) };
    }),

  "policy-reads-session": (facts) =>
    callsOf(facts, "session", (name) => `it asks ${name}(), which answers for strangers and suspended members`),

  "policy-reads-setting": (facts) => callsOf(facts, "setting", (name) => `it asks ${name}, and so a setting that any SQL may set`),

  "accessor-per-row": (facts) =>
    eachPolicy(facts, (policy) => {
      const calls = expressionPlaces(policy)
        .filter(({ node, perRow }) => perRow && node.type === "FUNCEXPR" && !hasAnyColumn(argsOf(node)))
        .map(({ node }) => ({ called: calledFunction(node, facts), plain: argsOf(node).length === 0 }))
        .filter(({ called }) => called !== undefined && !called.immutable);
      const names = [...new Set(calls.map(({ called }) => `${called?.name}`))];
      if (names.length === 0) return undefined;
      const mend = calls.every(({ plain }) => plain)
        ? wrapCalls(asItIs(policy), names)
        : `-- write (select ${names[0]}(…)): ${asItIs(policy)}`;
      return { what: `${names.join(", ")} is computed once a row`, mend };
    }),

  "policy-scans": (facts) =>
    eachPolicy(facts, (policy) => {
      if (!touches(policy, "select", "update", "delete")) return undefined;
      const scanned = places(policy.using).filter(isScan);
      const tables = new Set(
        scanned.flatMap(({ node }) => tablesOf(node.fields.get("subselect"))).map((oid) => facts.tables.get(oid)?.name ?? "a system table"),
      );
      return scanned.length === 0
        ? undefined
        : {
            what: `for every row it looks into ${[...tables].sort().join(", ")}`,
            mend: `-- say = any (array(select …)), without columns of the row in it: ${asItIs(policy)}`,
          };
    }),

  "policy-calls-function": (facts) =>
    eachPolicy(facts, (policy) => {
      const names = new Set(
        places(policy.using)
          .filter(({ node, depth }) => node.type === "FUNCEXPR" && rowColumns(argsOf(node), depth).length > 0)
          .map(({ node }) => calledFunction(node, facts)?.name)
          .filter((name) => name !== undefined),
      );
      return names.size === 0 || !touches(policy, "select", "update", "delete")
        ? undefined
        : { what: `for every row it calls ${[...names].join(", ")}`, mend: `-- compare a column instead: ${asItIs(policy)}` };
    }),

  "policy-column-without-index": (facts) => {
    const found = new Map<string, Hit>();
    for (const policy of facts.policies) {
      if (!policy.permissive || !touches(policy, "select", "update", "delete")) continue;
      for (const number of comparedColumns(policy, facts)) {
        const column = columnsOf(policy, facts)[number];
        if (!column || column.indexed) continue;
        found.set(`${policy.table}.${column.name}`, {
          object: `${policy.table}.${column.name}`,
          what: `policy ${policy.name} looks for rows by it, and no index begins with it`,
          mend: `create index on ${policy.table} (${column.name})`,
        });
      }
    }
    return [...found.values()];
  },
};

function eachPolicy(facts: Facts, look: (policy: Policy) => Omit<Hit, "object"> | undefined): Hit[] {
  return facts.policies.flatMap((policy) => {
    const hit = look(policy);
    return hit ? [{ object: policy.object, ...hit }] : [];
  });
}

function callsOf(facts: Facts, kind: FunctionFacts["kind"], say: (name: string) => string): Hit[] {
  return eachPolicy(facts, (policy) => {
    const called = [...functionsOf(policy.using), ...functionsOf(policy.check)]
      .map((oid) => facts.functions.get(oid))
      .find((found) => found?.kind === kind);
    return (
      called && { what: say(called.name), mend: `-- ask (select ${facts.guardSchema}.org_id()) or user_id() instead: ${asItIs(policy)}` }
    );
  });
}

const touches = (policy: Policy, ...verbs: Verb[]): boolean => verbs.some((verb) => policy.verbs.includes(verb));
/** What a new row must fulfil: Postgres takes USING where there is no WITH CHECK. */
const checkOf = (policy: Policy): Value => policy.check ?? policy.using;
const columnsOf = (policy: Policy, facts: Facts): Table["columns"] => facts.tables.get(policy.rel)?.columns ?? {};
const expressionPlaces = (policy: Policy): Place[] => [...places(policy.using), ...places(policy.check)];
const calledFunction = (node: Node, facts: Facts): FunctionFacts | undefined => facts.functions.get(Number(node.fields.get("funcid")));

function holdsAlways(policy: Policy, root: Value, facts: Facts): boolean {
  const notNull = new Set(Object.entries(columnsOf(policy, facts)).flatMap(([number, { notNull }]) => (notNull ? [Number(number)] : [])));
  return alwaysTrue(root, notNull);
}

function ignoresRow(policy: Policy, root: Value, facts: Facts): boolean {
  // A constant is either always true, which is another rule's, or lets nothing through.
  return isNode(root) && root.type !== "CONST" && !holdsAlways(policy, root, facts) && rowColumns(root).length === 0;
}

function isScan({ node, perRow }: Place): boolean {
  const query = node.fields.get("subselect");
  if (node.type !== "SUBLINK" || !perRow || !isNode(query) || !readsTable(query)) return false;
  const type = node.fields.get("subLinkType");
  return type === SUBLINK.any || type === SUBLINK.all || looksOutside(query);
}

/** Columns of the row that are compared with what the guard says. */
function comparedColumns(policy: Policy, facts: Facts): number[] {
  return places(policy.using).flatMap(({ node, depth }) => {
    if (depth > 0 || (node.type !== "OPEXPR" && node.type !== "SCALARARRAYOPEXPR")) return [];
    const [left, right] = argsOf(node);
    return [
      [left, right],
      [right, left],
    ].flatMap(([column, other]) => {
      const named = asColumn(column);
      const byGuard = functionsOf(other).some((oid) => facts.functions.get(oid)?.kind === "accessor");
      return named && byGuard && rowColumns(other).length === 0 ? [Number(named.fields.get("varattno"))] : [];
    });
  });
}

function passesWithNull(root: Value, facts: Facts): string | undefined {
  const all = places(root);
  const denied = new Set(all.flatMap(({ node }) => (node.type === "BOOLEXPR" && node.fields.get("boolop") === "not" ? argsOf(node) : [])));
  for (const { node } of all) {
    const args = argsOf(node);
    const arg = node.fields.get("arg");
    if (node.type === "NULLTEST" && node.fields.get("nulltesttype") === "0" && asksGuard(arg, facts) && !denied.has(node)) return "IS NULL";
    if (/^COALESCE/.test(node.type) && asksGuard(args[0], facts)) return "COALESCE";
    if (node.type === "DISTINCTEXPR" && denied.has(node) && args.some((one) => asksGuard(one, facts))) return "IS NOT DISTINCT FROM";
    // IS NOT TRUE, IS NOT FALSE, IS UNKNOWN: BoolTestType in nodes/primnodes.h.
    if (node.type === "BOOLEANTEST" && ["1", "3", "4"].includes(String(node.fields.get("booltesttype"))) && mentionsGuard(arg, facts))
      return "IS NOT FALSE";
  }
  return undefined;
}

/** A call of the guard, bare or as (select …). */
function asksGuard(value: Value | undefined, facts: Facts): boolean {
  if (!isNode(value)) return false;
  if (value.type === "FUNCEXPR") return calledFunction(value, facts)?.kind === "accessor";
  if (value.type === "RELABELTYPE") return asksGuard(value.fields.get("arg"), facts);
  const query = value.fields.get("subselect");
  return value.type === "SUBLINK" && isNode(query) && !readsTable(query) && mentionsGuard(query, facts);
}

const mentionsGuard = (value: Value | undefined, facts: Facts): boolean =>
  functionsOf(value).some((oid) => facts.functions.get(oid)?.kind === "accessor");

/** The usual answer, where the table says whose its rows are. */
function narrow(policy: Policy, part: "using" | "with check", facts: Facts): string {
  const { guardSchema } = facts;
  const named = Object.values(columnsOf(policy, facts)).find(({ saysOrg }) => saysOrg);
  return `alter policy ${policy.name} on ${policy.table} ${part} (${named ? `${named.name} = (select ${guardSchema}.org_id())` : "<whose row it is>"})`;
}

/** The policy as it is, for a person to change. */
function asItIs(policy: Policy): string {
  const parts = [policy.usingSql && `using (${policy.usingSql})`, policy.checkSql && `with check (${policy.checkSql})`].filter(Boolean);
  return `alter policy ${policy.name} on ${policy.table} ${parts.join(" ").replaceAll(/\s+/g, " ")}`;
}

/** Calls without arguments that are not a subselect of their own yet. */
function wrapCalls(sql: string, names: readonly string[]): string {
  return names.reduce(
    (text, name) => text.replaceAll(new RegExp(`(?<!SELECT )(?<![\\w."])${name.replaceAll(".", "\\.")}\\(\\)`, "g"), `(select ${name}())`),
    sql,
  );
}
