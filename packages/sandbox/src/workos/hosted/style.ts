/** The one stylesheet of the hosted pages and of the mail catcher. Served from the pages' own origin: their policy allows no other. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1d2433; --quiet: #5b6475; --paper: #ffffff; --ground: #f3f5f8; --line: #8a94a6; --soft: #dfe3ea;
  --act: #2f4fbf; --act-ink: #ffffff; --bad: #a3182b; --bad-ground: #fdf0f1; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --quiet: #a9b2c3; --paper: #1b212c; --ground: #11151c; --line: #6b7689;
  --soft: #313a49; --act: #8ea6ff; --act-ink: #10162b; --bad: #ff9aa6; --bad-ground: #341a20; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-rows: 1fr auto; justify-items: center; align-items: center; padding: 2rem 1rem 1rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--paper); border: 1px solid var(--soft); border-radius: .75rem; }
main.wide { max-width: 60rem; align-self: start; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
h1 + .quiet { margin-top: -.5rem; }
h2 { font-size: 1.125rem; }
p { margin: 0 0 1rem; }
.quiet { color: var(--quiet); }
form { margin: 0 0 1rem; }
form:last-child, p:last-child { margin-bottom: 0; }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
.hint { margin: 0 0 .25rem; color: var(--quiet); font-size: .9rem; }
.field { margin-bottom: 1rem; }
input { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .4rem; }
input.code { max-width: 12rem; letter-spacing: .3em; font-variant-numeric: tabular-nums; }
input[aria-invalid="true"] { border-color: var(--bad); border-width: 2px; }
button, a.button { display: block; width: 100%; padding: .65rem 1rem; margin-bottom: .6rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none;
  color: var(--act-ink); background: var(--act); border: 1px solid var(--act); border-radius: .4rem; cursor: pointer; }
button.second, a.second { color: var(--ink); background: transparent; border-color: var(--line); }
button.link { display: inline; width: auto; padding: 0; margin: 0; color: var(--act); background: none; border: 0; text-decoration: underline; font-weight: 400; }
button:last-child { margin-bottom: 0; }
a { color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.problem { margin: 0 0 1rem; padding: .75rem 1rem; color: var(--bad); background: var(--bad-ground); border-left: 4px solid var(--bad); border-radius: .25rem; }
.problem p { margin: 0; }
.problem a { color: inherit; }
.or { display: flex; align-items: center; gap: .75rem; margin: 1rem 0; color: var(--quiet); font-size: .9rem; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--soft); }
form.inline { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
form.inline .field { flex: 1 1 14rem; margin: 0; }
form.inline button { width: auto; margin: 0; }
footer { margin-top: 1.5rem; color: var(--quiet); font-size: .85rem; text-align: center; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, "Liberation Mono", monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; padding: 1rem; background: var(--ground); border-radius: .4rem; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; border-bottom: 1px solid var(--soft); vertical-align: top; overflow-wrap: anywhere; }
iframe { width: 100%; height: 24rem; border: 1px solid var(--soft); border-radius: .4rem; background: #ffffff; }
`;
