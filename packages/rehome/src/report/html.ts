import { PEOPLE_NAMED, type ReportFigures } from "./read.ts";

/** The report as one HTML page: no script, no request to anywhere, charts as plain SVG. */
export function renderReport(report: ReportFigures): string {
  const held = report.proofs.filter((proof) => proof.ok).length;
  const people = report.dispositions.reduce((sum, row) => sum + row.n, 0);
  const rows = report.tables.reduce((sum, row) => sum + row.rows, 0);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(report.name)}: the move</title><style>${STYLE}</style></head><body><main>
<header><p class="eyebrow">Rehome report</p><h1>${text(report.name)}</h1>
<p>${text(report.side === "target" ? "The product runs on WorkOS and the guarded database." : "The product runs on Clerk and the legacy database.")} State: ${text(report.state)}. Written ${report.writtenAt} UTC.</p></header>
<section class="cards">
${card("Legacy users", people.toLocaleString("en-US"))}
${card("Legacy rows", rows.toLocaleString("en-US"))}
${card("Proofs that hold", `${held} of ${report.proofs.length}`, held === report.proofs.length && held > 0)}
${report.monthlyCost ? card("Cost a month", `${report.monthlyCost.before} → ${report.monthlyCost.after} <small>${text(report.monthlyCost.currency)}</small>`) : ""}
</section>
<section><h2>Proofs</h2>${htmlTable(
    ["", "proof", "examined", "found", "time"],
    report.proofs.map((proof) => [
      { html: `<span class="${proof.ok ? "ok" : "bad"}">${proof.ok ? "holds" : "open"}</span>` },
      proof.name,
      `${proof.checked.toLocaleString("en-US")} of ${proof.expected.toLocaleString("en-US")}`,
      { html: `${text(proof.figure)}${proof.offenders.map((offender) => `<br><span class="bad">${text(offender)}</span>`).join("")}` },
      `${proof.seconds.toFixed(2)} s`,
    ]),
  )}</section>
<section><h2>People</h2>${stackedBar(report.dispositions)}
${htmlTable(
  ["what happens", "why", "people"],
  report.dispositions.map((row) => [words(row.disposition), words(row.reason), row.n]),
)}
${report.losses.length > 0 ? `<p>Cannot be carried, and the account moves all the same: ${report.losses.map((row) => `${words(row.loss)} of ${row.n}`).join(", ")}.</p>` : ""}${report.practices.people > 0 ? `<p>${report.practices.people.toLocaleString("en-US")} have a practice beside the home${report.practices.kept > 0 ? `, ${report.practices.kept} of them without a role that asks for one` : ""}.</p>` : ""}
${
  report.people.length > 0
    ? `<details><summary>Each of them by id</summary>${htmlTable(
        ["legacy user", "what happens", "why", "lost"],
        report.people.map((row) => [row.id, words(row.disposition), words(row.reason), row.losses.map(words).join(", ")]),
      )}${report.people.length === PEOPLE_NAMED ? `<p>The first ${PEOPLE_NAMED.toLocaleString("en-US")}; <code>rehome plan --json</code> names all.</p>` : ""}</details>`
    : ""
}</section>
<section><h2>Rows</h2>${bars(report.tables.map((row) => ({ label: row.table, value: row.rows, aside: row.stays })))}
${
  report.leftBehind.length > 0
    ? `<h3>Stay behind, and why</h3>${htmlTable(
        ["legacy table", "reason", "rows"],
        report.leftBehind.map((row) => [row.table, words(row.reason), row.n]),
      )}`
    : "<p>No row stays behind.</p>"
}</section>
<section><h2>What was done</h2>${htmlTable(
    ["time (UTC)", "verb", "what", "took"],
    report.events.map((event) => [event.at, event.verb, event.what, event.seconds === null ? "" : `${event.seconds.toFixed(2)} s`]),
  )}</section>
</main></body></html>
`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#16202b;--soft:#5a6875;--line:#d8dfe6;--page:#f6f8fa;--card:#fff;--a:#1f6f6b;--b:#c98a1b;--c:#b4483c;--d:#8a94a0;--rest:#e3b8b2}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9fadba;--line:#2c3843;--page:#10171d;--card:#18222b;--a:#4fb3a9;--b:#e0ac4e;--c:#e07a6c;--d:#7c8894;--rest:#6d403a}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 4rem}h1{margin:.1em 0;font-size:2rem}h2{margin:0 0 .75rem;font-size:1.25rem}h3{font-size:1rem;margin:1.25rem 0 .5rem}
header p{color:var(--soft);margin:.25rem 0}.eyebrow{text-transform:uppercase;letter-spacing:.08em;font-size:.75rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.25rem;margin-top:1rem;overflow-x:auto}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem;background:none;border:0;padding:0}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1rem 1.25rem}.card b{display:block;font-size:1.6rem;font-variant-numeric:tabular-nums}.card span{color:var(--soft)}small{font-size:.9rem;font-weight:400;color:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:.925rem}th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.ok{color:var(--a);font-weight:600}.bad{color:var(--c);font-weight:600}
svg{display:block;width:100%;height:auto;margin-bottom:1rem}svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--soft)}`;

type Cell = string | number | { html: string };

function htmlTable(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumber = heads.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"));
  const cell = (value: Cell, column: number) => {
    const shown = typeof value === "object" ? value.html : text(typeof value === "number" ? value.toLocaleString("en-US") : value);
    return `<td${isNumber[column] ? ' class="n"' : ""}>${shown}</td>`;
  };
  return `<table><thead><tr>${heads.map((head, column) => `<th${isNumber[column] ? ' class="n"' : ""}>${text(head)}</th>`).join("")}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}</tbody></table>`;
}

const card = (label: string, value: string, good?: boolean): string =>
  `<div class="card"><span>${text(label)}</span><b${good === undefined ? "" : ` class="${good ? "ok" : "bad"}"`}>${value}</b></div>`;

const COLOURS: Readonly<Record<string, string>> = {
  move: "var(--a)",
  move_reset_password: "var(--b)",
  hold: "var(--c)",
  exclude: "var(--d)",
};

/** Everyone in one bar, by what happens. */
function stackedBar(rows: ReportFigures["dispositions"]): string {
  const sums = Object.keys(COLOURS).map((disposition) => ({
    disposition,
    n: rows.filter((row) => row.disposition === disposition).reduce((sum, row) => sum + row.n, 0),
  }));
  const total = sums.reduce((sum, part) => sum + part.n, 0);
  if (total === 0) return "";
  let x = 0;
  const parts = sums.map(({ disposition, n }) => {
    const width = (n / total) * 800;
    const rect = `<rect x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="26" fill="${COLOURS[disposition]}"/>`;
    x += width;
    return rect;
  });
  const legend = sums.map(
    ({ disposition, n }, index) =>
      `<rect x="${index * 200}" y="38" width="12" height="12" fill="${COLOURS[disposition]}"/><text x="${index * 200 + 18}" y="49">${words(disposition)} ${n.toLocaleString("en-US")}</text>`,
  );
  return `<svg viewBox="0 0 800 56" role="img" aria-label="People by what happens">${parts.join("")}${legend.join("")}</svg>`;
}

/** One bar a table; the lighter end stays behind. */
function bars(rows: readonly { label: string; value: number; aside: number }[]): string {
  if (rows.length === 0) return "<p>Nothing is copied yet.</p>";
  const most = Math.max(1, ...rows.map((row) => row.value));
  const drawn = rows.map((row, index) => {
    const y = index * 24;
    const width = (row.value / most) * 480;
    const stays = (row.aside / most) * 480;
    return `<text x="0" y="${y + 14}">${text(row.label)}</text><rect x="190" y="${y + 3}" width="${Math.max(1, width - stays).toFixed(1)}" height="14" fill="var(--a)"/><rect x="${(190 + width - stays).toFixed(1)}" y="${y + 3}" width="${stays.toFixed(1)}" height="14" fill="var(--rest)"/><text class="soft" x="${(198 + width).toFixed(1)}" y="${y + 14}">${row.value.toLocaleString("en-US")}${row.aside > 0 ? `, ${row.aside.toLocaleString("en-US")} stay` : ""}</text>`;
  });
  return `<svg viewBox="0 0 800 ${rows.length * 24}" role="img" aria-label="Rows by legacy table">${drawn.join("")}</svg>`;
}

const words = (name: string): string => text(name.replaceAll("_", " "));
const text = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
