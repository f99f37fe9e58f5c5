import type { Client } from "pg";

interface PlanNode {
  "Node Type": string;
  "Index Name"?: string;
  "Parent Relationship"?: string;
  "Shared Hit Blocks"?: number;
  "Shared Read Blocks"?: number;
  Plans?: PlanNode[];
}

/** Node types and indexes from the top down, without what a policy asks once a statement (InitPlan): equal for plans that do the same. */
export async function planShape(client: Client, text: string, params: readonly unknown[]): Promise<string> {
  return shapeOf(await explain(client, "costs off", text, params));
}

/** Buffers one run of the statement touches, what the guard looks up included; planning is not counted. */
export async function buffersOf(client: Client, text: string, params: readonly unknown[]): Promise<number> {
  const plan = await explain(client, "analyze, buffers, costs off, timing off, summary off", text, params);
  return (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0);
}

async function explain(client: Client, options: string, text: string, params: readonly unknown[]): Promise<PlanNode> {
  const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(`explain (${options}, format json) ${text}`, [...params]);
  const [answer] = rows;
  if (!answer) throw new Error("EXPLAIN gave no plan.");
  return answer["QUERY PLAN"][0].Plan;
}

function shapeOf(node: PlanNode): string {
  const below = (node.Plans ?? []).filter((plan) => plan["Parent Relationship"] !== "InitPlan").map(shapeOf);
  const self = node["Index Name"] ? `${node["Node Type"]} ${node["Index Name"]}` : node["Node Type"];
  return below.length > 0 ? `${self} (${below.join(", ")})` : self;
}
