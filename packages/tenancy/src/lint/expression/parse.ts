/** One node of an expression as Postgres stores it (pg_node_tree). Fields that hold several words, such as a constant's bytes, are lists. */
export interface Node {
  type: string;
  fields: Map<string, Value>;
}

/** null is `<>`, Postgres's empty value. */
export type Value = Node | Value[] | string | null;

export const isNode = (value: Value | undefined): value is Node => typeof value === "object" && value !== null && "type" in value;

/**
 * Reads the text of a pg_node_tree, the form in which the catalog stores a policy's expressions.
 *
 * The text that pg_get_expr gives is for people: the same name may mean another function there, and telling a subselect from a string takes a
 * whole SQL parser. The tree names functions and tables by oid. Its shape (`{TYPE :field value …}`, `(list)`, `<>`) is the same in Postgres 16 to 18;
 * fields come and go, so nothing here knows them.
 *
 * @throws Error when the text is no tree
 */
export function parseTree(text: string): Value {
  const words = wordsOf(text);
  let at = 0;
  const value = read();
  if (at !== words.length) throw new Error("text after the end of an expression's tree");
  return value;

  function read(): Value {
    const word = words[at++];
    if (word === undefined || word === ")" || word === "}") throw new Error("an expression's tree ends too early");
    if (word === "<>") return null;
    if (word === "(") return readList();
    if (word === "{") return readNode();
    return word;
  }

  function readList(): Value[] {
    const list: Value[] = [];
    while (words[at] !== ")") list.push(read());
    at++;
    return list;
  }

  function readNode(): Node {
    const node: Node = { type: String(read()), fields: new Map() };
    while (words[at] !== "}") {
      const name = String(read()).slice(1);
      const values: Value[] = [];
      while (at < words.length && words[at] !== "}" && !words[at]?.startsWith(":")) values.push(read());
      node.fields.set(name, values.length === 1 ? (values[0] ?? null) : values);
    }
    at++;
    return node;
  }
}

/** As pg_strtok: brackets stand alone, a backslash takes the next character as it is, white space parts words. */
function wordsOf(text: string): string[] {
  return text.match(/[(){}]|(?:\\[\s\S]|[^\s(){}\\])+/g) ?? [];
}
