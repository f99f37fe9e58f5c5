/**
 * Every way to leave out one part of a condition as `pg_get_expr` prints it: of each list of ANDs or ORs, at any depth, each part in turn.
 *
 * @returns the conditions that are left, and what was left out
 */
export function withoutOnePart(condition: string): { rest: string; part: string }[] {
  const found: { rest: string; part: string }[] = [];
  for (const [start, end] of groups(condition)) {
    for (const word of [" AND ", " OR "]) {
      const parts = split(condition.slice(start, end), word);
      if (parts.length < 2) continue;
      for (const part of parts) {
        const rest = parts.filter((one) => one !== part).join(word);
        found.push({ rest: condition.slice(0, start) + rest + condition.slice(end), part: part.trim() });
      }
    }
  }
  return found;
}

/** Whether one condition implies another by its shape alone: the same text, a part of an AND, an alternative of an OR. */
export function implies(one: string, other: string): boolean {
  const [a, b] = [bare(one), bare(other)];
  if (a === b || b === "true") return true;
  const [ors, ands] = [split(a, " OR "), split(b, " AND ")];
  if (ors.length > 1) return ors.every((part) => implies(part, b));
  if (ands.length > 1) return ands.every((part) => implies(a, part));
  const [parts, alternatives] = [split(a, " AND "), split(b, " OR ")];
  return (
    (parts.length > 1 && parts.some((part) => implies(part, b))) ||
    (alternatives.length > 1 && alternatives.some((part) => implies(a, part)))
  );
}

/** Without the parentheses around the whole. */
function bare(text: string): string {
  const trimmed = text.trim();
  const whole = trimmed.startsWith("(") && groups(trimmed).some(([start, end]) => start === 1 && end === trimmed.length - 1);
  return whole ? bare(trimmed.slice(1, -1)) : trimmed;
}

/** Where parenthesized groups begin and end, the whole included. */
function groups(text: string): [start: number, end: number][] {
  const found: [number, number][] = [[0, text.length]];
  const open: number[] = [];
  walk(text, (char, at) => {
    if (char === "(") open.push(at + 1);
    else if (char === ")") found.push([open.pop() ?? 0, at]);
  });
  return found;
}

/** Splits at a word outside of parentheses and quotes. BETWEEN has an AND of its own; pg_get_expr prints it as two comparisons. */
function split(text: string, word: string): string[] {
  const cuts: number[] = [];
  let depth = 0;
  walk(text, (char, at) => {
    if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (depth === 0 && text.startsWith(word, at)) cuts.push(at);
  });
  const starts = [0, ...cuts.map((at) => at + word.length)];
  return starts.map((from, index) => text.slice(from, cuts[index] ?? text.length));
}

function walk(text: string, visit: (char: string, at: number) => void): void {
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote) {
      if (char === quote) quote = undefined;
    } else if (char === "'" || char === '"') quote = char;
    else visit(char, at);
  }
}
