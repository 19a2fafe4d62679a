// The style sheet of both pages: system fonts, nothing fetched from anywhere, light and dark by what the
// reader's system asks for, one column on a telephone. Every colour pair has a contrast of 4.5 or more.
#include "agent/web/frame.h"

namespace imrs::web {
namespace {

constexpr std::string_view kStylesheet = R"css(
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d5d9de;
  --good: #116329; --good-back: #d9f2df; --bad: #a40e26; --bad-back: #ffe1e1;
  --warning: #7a4d00; --warning-back: #fff0c7; --unknown: #424a53; --unknown-back: #e4e7eb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --card: #161b22; --text: #e6edf3; --soft: #9aa4af; --line: #30363d;
    --good: #6fdd8b; --good-back: #10301a; --bad: #ff9c94; --bad-back: #4a1414;
    --warning: #f2cc60; --warning-back: #3a2c06; --unknown: #c9d1d9; --unknown-back: #2b323b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.25rem 1rem 2rem; max-width: 62rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1, h2, h3, p { margin: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
main > h2 { margin: 1.75rem 0 .6rem; font-size: 1.1rem; }
a { color: inherit; }
code, .address {
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .95em;
}
.what, .kind, footer, .soft { color: var(--soft); }
.what { font-size: .85rem; letter-spacing: .04em; text-transform: uppercase; }
.good { color: var(--good); } .bad { color: var(--bad); }
.warning { color: var(--warning); } .unknown { color: var(--unknown); }
.verdict {
  display: flex; gap: 1rem; align-items: flex-start; margin: 1rem 0 0; padding: 1.1rem 1.25rem;
  border-radius: .6rem; border: 1px solid currentColor; border-left-width: .5rem;
}
.verdict .sign { font-size: 2rem; line-height: 1; font-weight: 700; }
.verdict h2 { font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere; }
.verdict ul { margin: .6rem 0 0; padding-left: 1.1rem; color: var(--text); overflow-wrap: anywhere; }
.verdict li + li { margin-top: .25rem; }
.verdict.good { background: var(--good-back); } .verdict.bad { background: var(--bad-back); }
.verdict.warning { background: var(--warning-back); } .verdict.unknown { background: var(--unknown-back); }
.pill { padding: .1rem .55rem; border-radius: 1rem; font-weight: 600; font-size: .9rem; white-space: nowrap; }
.pill.good { background: var(--good-back); } .pill.bad { background: var(--bad-back); }
.pill.warning { background: var(--warning-back); } .pill.unknown { background: var(--unknown-back); }
.cards { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
.card, .box { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.card { padding: .9rem 1.1rem 1rem; }
.card h3 {
  display: flex; flex-wrap: wrap; gap: .3rem .8rem; justify-content: space-between; font-size: 1.05rem;
}
.card .sub { color: var(--soft); margin-bottom: .5rem; font-size: .9rem; }
dl { display: grid; grid-template-columns: 8rem 1fr; gap: .3rem .8rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
dd ul { list-style: none; margin: 0; padding: 0; }
blockquote { margin: 0; padding-left: .7rem; border-left: .2rem solid var(--line); overflow-wrap: anywhere; }
.box { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .5rem .8rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; font-size: .85rem; white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
th.number { text-align: right; }
tr:last-child td { border-bottom: 0; }
footer { margin-top: 1.75rem; font-size: .9rem; }
footer p + p { margin-top: .3rem; }
dd .why { color: var(--soft); margin-bottom: .35rem; }
.fresh { margin-top: .5rem; font-size: .9rem; color: var(--soft); }
nav { margin-top: .4rem; font-size: .9rem; }
.alarms { margin: 0; padding: .7rem 1rem .7rem 2.2rem; }
.old, .fresh.old { color: var(--bad); font-weight: 600; }
@media (max-width: 36rem) {
  body { padding: .9rem .7rem 1.5rem; }
  h1 { font-size: 1.25rem; }
  .verdict { padding: .9rem; gap: .7rem; }
  .verdict .sign { font-size: 1.6rem; }
  .verdict h2 { font-size: 1.3rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .4rem; }
  table.stack thead { display: none; }
  table.stack tr { display: block; padding: .5rem .8rem; border-bottom: 1px solid var(--line); }
  table.stack tr:last-child { border-bottom: 0; }
  table.stack td { display: flex; gap: .6rem; padding: .1rem 0; border: 0; text-align: left; }
  table.stack td::before { content: attr(data-label); color: var(--soft); flex: 0 0 6rem; }
}
)css";

}  // namespace

std::string_view stylesheet() { return kStylesheet; }

}  // namespace imrs::web
