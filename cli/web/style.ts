/** The page's style sheet. Canvases read their colours from its variables. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f7f7f5; --panel: #ffffff; --ink: #1b1d21; --dim: #5f6670; --line: #e0e2e6; --faint: #eef0f2; --accent: #6a35d9;
  --ran: #2563c9; --cut-off: #b26a00; --hit: #98a0ab; --failed: #c62828; --skipped: #c4c8ce;
  --mono: ui-monospace, 'SFMono-Regular', 'Cascadia Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace;
  --sans: system-ui, -apple-system, 'Segoe UI', 'Inter', 'Noto Sans', 'DejaVu Sans', sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #141619; --panel: #1b1e22; --ink: #e6e8eb; --dim: #9aa1ab; --line: #2d3137; --faint: #24282d; --accent: #b794ff;
    --ran: #5c9cff; --cut-off: #e2a63f; --hit: #6b737e; --failed: #ff6b63; --skipped: #454b53;
  }
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: grid; grid-template-rows: auto auto 1fr; background: var(--ground); color: var(--ink); font: 14px/1.45 var(--sans); font-variant-numeric: tabular-nums; }
noscript, .fallback { padding: 24px; }
button, input, select { font: inherit; color: inherit; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 28px; padding: 14px 20px 12px; background: var(--panel); border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 17px; font-weight: 600; letter-spacing: -0.01em; }
h1 small { margin-left: 10px; font-size: 13px; font-weight: 400; color: var(--dim); letter-spacing: 0; }
h2 { margin: 0 0 10px; font-size: 14px; font-weight: 600; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 0 0 0 auto; }
.facts div { display: flex; align-items: baseline; gap: 6px; }
.facts dt { order: 2; color: var(--dim); font-size: 13px; }
.facts dd { margin: 0; font-weight: 600; }
.mark { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 7px; background: currentColor; }
.ran { color: var(--ran); } .cut-off { color: var(--cut-off); } .hit { color: var(--hit); } .failed { color: var(--failed); } .skipped { color: var(--skipped); } .critical { color: var(--accent); }
nav { display: flex; align-items: center; gap: 2px; padding: 0 12px; background: var(--panel); border-bottom: 1px solid var(--line); }
nav [role=tab] { padding: 9px 12px 8px; border: 0; border-bottom: 2px solid transparent; background: none; color: var(--dim); cursor: pointer; }
nav [role=tab]:hover { color: var(--ink); }
nav [role=tab][aria-selected=true] { border-bottom-color: var(--accent); color: var(--ink); font-weight: 600; }
nav .search { margin-left: auto; display: flex; align-items: center; gap: 10px; color: var(--dim); font-size: 13px; }
nav input { width: 260px; padding: 5px 9px; border: 1px solid var(--line); border-radius: 6px; background: var(--ground); color: var(--ink); }
main { display: grid; grid-template-columns: minmax(0, 1fr) auto; min-height: 0; }
.view { position: relative; min-width: 0; min-height: 0; overflow: hidden; }
.view[hidden] { display: none; }
canvas { display: block; position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; }
canvas:focus-visible { outline-offset: -2px; }
.legend, .tools { position: absolute; left: 14px; bottom: 12px; display: flex; flex-wrap: wrap; gap: 4px 14px; padding: 6px 10px; border: 1px solid var(--line); border-radius: 7px; background: var(--panel); font-size: 12.5px; }
.legend > span { color: var(--dim); } .legend b { font-weight: 400; display: inline-flex; align-items: center; }
.tools { left: auto; right: 14px; bottom: 12px; padding: 3px; gap: 2px; }
.tools button { min-width: 30px; padding: 3px 8px; border: 0; border-radius: 5px; background: none; cursor: pointer; }
.tools button:hover { background: var(--faint); }
.crumb { position: absolute; left: 14px; top: 12px; max-width: calc(100% - 28px); padding: 6px 11px; border: 1px solid var(--line); border-radius: 7px; background: var(--panel); font-size: 13px; color: var(--dim); }
.crumb button { margin-right: 10px; padding: 0; border: 0; background: none; color: var(--accent); cursor: pointer; }
.tip { position: absolute; z-index: 2; max-width: 420px; padding: 5px 9px; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); font-size: 13px; pointer-events: none; box-shadow: 0 2px 10px rgb(0 0 0 / 0.12); overflow-wrap: anywhere; }
.tip small { display: block; color: var(--dim); }
aside { width: 380px; overflow: auto; padding: 18px 20px 28px; border-left: 1px solid var(--line); background: var(--panel); }
aside[hidden] { display: none; }
aside h2 { margin: 0 26px 2px 0; font-size: 15px; overflow-wrap: anywhere; }
aside .id { margin: 0 0 12px; color: var(--dim); font-size: 12.5px; overflow-wrap: anywhere; }
aside h3 { margin: 18px 0 5px; font-size: 12px; font-weight: 600; color: var(--dim); }
aside p { margin: 0 0 3px; overflow-wrap: anywhere; }
aside .told { white-space: pre-wrap; }
aside ul { margin: 0; padding: 0; list-style: none; }
aside li { padding: 1px 0; overflow-wrap: anywhere; }
aside li small { color: var(--dim); }
aside .close { float: right; padding: 2px 8px; border: 0; border-radius: 5px; background: none; color: var(--dim); cursor: pointer; }
aside .close:hover { background: var(--faint); }
aside code, .hex { font-family: var(--mono); font-size: 12px; overflow-wrap: anywhere; }
aside pre { margin: 0; padding: 9px 11px; border-radius: 6px; background: var(--faint); font: 12px/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; max-height: 320px; overflow: auto; }
.link { padding: 0; border: 0; background: none; color: inherit; text-align: left; cursor: pointer; overflow-wrap: anywhere; }
.link:hover { text-decoration: underline; }
.scroll { position: absolute; inset: 0; overflow: auto; padding: 0 0 24px; }
table { width: 100%; border-collapse: collapse; }
th { position: sticky; top: 0; z-index: 1; padding: 0; background: var(--ground); border-bottom: 1px solid var(--line); text-align: left; font-weight: 600; }
th button { width: 100%; padding: 8px 12px; border: 0; background: none; text-align: inherit; font-weight: 600; font-size: 13px; color: var(--dim); cursor: pointer; white-space: nowrap; }
th[aria-sort=ascending] button::after { content: ' \\2191'; } th[aria-sort=descending] button::after { content: ' \\2193'; }
td { padding: 5px 12px; border-bottom: 1px solid var(--faint); vertical-align: top; }
th:first-child button, td:first-child { padding-left: 20px; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.what { white-space: nowrap; } td.why { color: var(--dim); overflow-wrap: anywhere; }
tbody tr:hover td { background: var(--panel); } tr[aria-selected=true] td { background: var(--faint); }
.filter { display: flex; gap: 14px; align-items: center; padding: 10px 20px; font-size: 13px; color: var(--dim); }
.filter label { display: inline-flex; align-items: center; gap: 5px; }
.more { margin: 14px 20px; padding: 6px 14px; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); cursor: pointer; }
.sheet { display: grid; grid-template-columns: repeat(auto-fit, minmax(380px, 1fr)); gap: 20px 36px; max-width: 1320px; padding: 22px 20px; }
.sheet section { min-width: 0; } .sheet p { margin: 0 0 10px; color: var(--dim); }
.bars { margin: 0; padding: 0; list-style: none; }
.bars li { display: grid; grid-template-columns: minmax(0, 1fr) 120px 76px; gap: 12px; align-items: center; padding: 3px 0; }
.bars .link { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.bars i { display: block; height: 8px; border-radius: 2px; background: currentColor; min-width: 2px; }
.bars em { font-style: normal; text-align: right; color: var(--dim); }
@media (max-width: 760px) { main { grid-template-columns: 1fr; } aside { position: absolute; right: 0; bottom: 0; z-index: 3; width: 100%; max-height: 55%; border: 0; border-top: 1px solid var(--line); } .facts { margin-left: 0; } nav input { width: 130px; } .sheet { grid-template-columns: 1fr; } }
@media (prefers-reduced-motion: no-preference) { nav [role=tab] { transition: color 0.12s; } }
`
