import type { Token } from "./scan.ts";

/** A slash after one of these begins a regular expression. */
export const KEYWORD_BEFORE_VALUE =
  /^(?:as|await|case|default|delete|do|else|export|extends|from|import|in|instanceof|new|of|return|throw|typeof|void|yield)$/;

/**
 * Tells what the slash at `at` begins: a regular expression, or a division, which follows a value (or the end of a JSX tag).
 *
 * After a brace only the line tells: a block before it looks like an object.
 */
export function mayBeRegex(stream: readonly Token[], source: string, at: number): boolean {
  const last = stream.at(-1);
  if (last?.kind === "sign" && last.text === "}") return /\n/.test(source.slice(last.at, at)) && source[at + 1] !== ">";
  return !(endsValue(stream, stream.length - 1) || endsMark(stream, stream.length - 1));
}

/** `a!`, `n++` and `n--`, which touch their value. */
function endsMark(stream: readonly Token[], index: number): boolean {
  const [before, last] = [stream[index - 1], stream[index]];
  if (before === undefined || last?.kind !== "sign" || before.at + before.text.length !== last.at) return false;
  if (last.text === "!") return endsValue(stream, index - 1);
  return "+-".includes(last.text) && before.kind === "sign" && before.text === last.text && endsValue(stream, index - 2);
}

function endsValue(stream: readonly Token[], index: number): boolean {
  const [before, last] = [stream[index - 1], stream[index]];
  if (last === undefined) return false;
  if (last.kind === "text") return true;
  if (last.kind === "word") return !KEYWORD_BEFORE_VALUE.test(last.text) || (before?.kind === "sign" && before.text === ".");
  if (last.text === ")") return !closesCondition(stream, index);
  // `<` is that of a JSX tag, `</p>`.
  return "]}<".includes(last.text);
}

/** `if (…)`: a statement follows, and no operator. */
function closesCondition(stream: readonly Token[], end: number): boolean {
  let depth = 0;
  for (let index = end; index >= 0; index--) {
    const token = stream[index];
    if (token?.kind !== "sign") continue;
    if (token.text === ")") depth++;
    if (token.text !== "(" || --depth > 0) continue;
    const [before, keyword] = [stream[index - 2], stream[index - 1]];
    const isAwait = keyword?.text === "await" && before?.text === "for";
    return isAwait || (keyword?.kind === "word" && /^(?:if|while|for|with)$/.test(keyword.text) && before?.text !== ".");
  }
  return false;
}
