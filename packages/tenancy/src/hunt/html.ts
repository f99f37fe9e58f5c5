import { cellFinder, LEGEND, routeOf, summaryOf, symbolOf, VERBS } from "./symbols.ts";
import { columnName } from "./text.ts";
import type { Cell, Matrix, Verb } from "./types.ts";

/** The matrix as one page without scripts and without anything from elsewhere: to be read, kept and printed. */
export function matrixHtml(matrix: Matrix, title = "Leak hunt"): string {
  const cellOf = cellFinder(matrix);
  const heads = matrix.personas
    .map((persona, at) => `<th scope="col"><span>${columnName(at)}</span><b>${escaped(persona)}</b></th>`)
    .join("");
  const rows = matrix.tables
    .map((table) => {
      const cells = matrix.personas.map((persona) => {
        const signs = VERBS.map((verb) => sign(cellOf(table, persona, verb), verb));
        return `<td title="${escaped(`${persona}, ${table}`)}">${signs.join("")}</td>`;
      });
      return `<tr><th scope="row">${escaped(table)}</th>${cells.join("")}</tr>`;
    })
    .join("\n");
  const findings = matrix.findings.map((one) => [one.kind, one.persona, one.table, one.verb, routeOf(one), one.what]);
  const routes = matrix.routes.map((one) => [one.route, String(one.statements), String(one.places), String(one.findings)]);
  const limits = matrix.limits.map(({ table, columns, route, what, personas }) => [
    table,
    columns.join(", "),
    route,
    what,
    String(personas),
  ]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p class="${matrix.holds ? "good" : "bad"}">${escaped(summaryOf(matrix))}</p>
<div class="wide"><table class="matrix">
<thead><tr><th></th>${heads}</tr></thead>
<tbody>
${rows}
</tbody>
</table></div>
<dl>${LEGEND.map(([symbol, meaning]) => `<dt><code>${symbol}</code></dt><dd>${escaped(meaning)}</dd>`).join("")}</dl>
${list("Findings", ["kind", "persona", "table", "verb", "route", "what"], findings)}
${list(
  "Gaps",
  ["what the hunt says nothing about"],
  matrix.gaps.map((gap) => [gap]),
)}
${list("Routes", ["route", "statements", "places", "findings"], routes)}
${list("Limits", ["table", "columns", "route", "what shows", "personas"], limits)}
</body>
</html>
`;
}

const CLASS: Readonly<Record<string, string>> = { "-": "none", "!": "bad", "?": "untried" };

function sign(cell: Cell | undefined, verb: Verb): string {
  const symbol = symbolOf(cell, verb);
  const kind = CLASS[symbol] ?? (symbol === symbol.toUpperCase() ? "all" : "some");
  return `<i class="${kind}">${symbol}</i>`;
}

function list(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[], tag: string) => `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  return `<h2>${title} (${rows.length})</h2>
<table class="list"><thead>${line(heads, "th")}</thead><tbody>
${rows.map((row) => line(row, "td")).join("\n")}
</tbody></table>`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d9dde3, #3a4048); --soft: light-dark(#8a929c, #7b838d); --some: light-dark(#0b5cad, #7ab8ff);
  --all: light-dark(#6b3fa0, #c9a6ff); --bad: light-dark(#c01622, #ff8088); --good: light-dark(#1b7a3d, #6fd08c); --paper: light-dark(#fff, #16191d); }
body { margin: 2rem; background: var(--paper); color: light-dark(#1c2127, #e4e7eb); font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p.good { color: var(--good); } p.bad, i.bad { color: var(--bad); font-weight: 700; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 600; }
.matrix td { padding: .15rem .35rem; border: 1px solid var(--line); font: 13px/1.2 ui-monospace, monospace; white-space: nowrap; text-align: center; }
.matrix tbody th { position: sticky; left: 0; background: var(--paper); padding: .15rem .8rem .15rem 0; border-bottom: 1px solid var(--line); font-weight: 500; }
.matrix thead th { vertical-align: bottom; padding: 0 0 .4rem; text-align: center; }
.matrix thead b { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: 500; white-space: nowrap; }
.matrix thead span { display: none; }
.matrix tbody tr:hover td, .matrix tbody tr:hover th { background: light-dark(#f2f5f9, #20252b); }
i { font-style: normal; } i.none { color: var(--soft); opacity: .6; } i.some { color: var(--some); } i.all { color: var(--all); font-weight: 600; } i.untried { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; margin: 1rem 0; } dd { margin: 0; }
.list td, .list th { padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
@media print { :root { color-scheme: light; } body { margin: 0; font-size: 9px; } .wide { overflow: visible; } .matrix td { padding: 0 .1rem; font-size: 7px; } tr { break-inside: avoid; } @page { size: A4 landscape; margin: 10mm; } }
`;
