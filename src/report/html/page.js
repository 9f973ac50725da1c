"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
/** An element with attributes and children; texts are set as text. */
function el(tag, attributes, ...children) {
  const svg = ["svg", "g", "rect", "path", "text", "title", "defs", "marker"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}
const VERDICTS = ["reject", "load-error", "unknown", "accept"];
const SIGN = { accept: "✓", reject: "✗", "load-error": "✗", unknown: "?" };
const state = { verdict: null, text: "", row: null, target: null, tab: "story", step: 0, shown: 400 };

// One row for each program, with its targets.
const rows = [];
const targets = [];
/** The column of a verdict: its target, and the way of loading where there are several. */
const column = (p) => (p.variant ? `${p.target} (${p.variant})` : p.target);
data.objects.forEach((object, index) => {
  const by = new Map();
  const cell = (target, what) => { if (!targets.includes(target)) targets.push(target); return what; };
  for (const program of object.programs) {
    const key = `${program.program}\u0000${program.section}`;
    let row = by.get(key);
    if (!row || row.cells.has(column(program))) { row = { object, index, program, cells: new Map() }; by.set(key + (by.has(key) ? by.size : ""), row); rows.push(row); }
    row.cells.set(column(program), cell(column(program), program));
  }
  if (object.error || object.load_errors.length)
    rows.push({ object, index, program: null, cells: new Map(object.load_errors.map((e) => [cell(column(e), column(e)), { verdict: "load-error", ...e }])) });
});
const words = (row) => [row.object.object, ...(row.program ? [row.program.program, row.program.section] : ["error"]),
  ...[...row.cells.values()].flatMap((p) => [p.code, p.class, p.message, p.verdict])].filter(Boolean).join(" ").toLowerCase();
for (const row of rows) row.words = words(row);
const findingsOf = (row) => row.object.findings.filter((f) => row.program ? f.program === row.program.program : !f.program);
const visible = () => rows.filter((row) => {
  const verdicts = row.object.error ? ["load-error"] : [...row.cells.values()].map((p) => p.verdict);
  return (!state.verdict || verdicts.includes(state.verdict)) && state.text.split(/\s+/).every((w) => row.words.includes(w));
});

function totals() {
  const t = data.totals;
  const count = { accept: t.accept, reject: t.reject, unknown: t.unknown, "load-error": t.load_error + t.unreadable };
  $("totals").replaceChildren(...[...VERDICTS.map((v) => el("button", {
    type: "button", class: v, "aria-pressed": String(state.verdict === v),
    onclick: () => { state.verdict = state.verdict === v ? null : v; draw(); },
  }, `${SIGN[v]} ${count[v]} ${v}`)), data.partial ? el("strong", { class: "warning" }, "partial: the run was stopped") : null].filter(Boolean));
}

function list() {
  const all = visible();
  const head = el("tr", {}, el("th", {}, `${all.length} program${all.length === 1 ? "" : "s"}`), targets.map((t) => el("th", { class: targets.length > 2 ? "t" : "" }, t)));
  const body = [];
  let object = null;
  for (const row of all.slice(0, state.shown)) {
    if (row.object !== object) { object = row.object; body.push(el("tr", { class: "object" }, el("td", { colspan: targets.length + 1 }, object.object))); }
    const name = row.program ? row.program.program : "(object)";
    const open = (target) => () => select(row, target);
    body.push(el("tr", { "aria-current": String(state.row === row) },
      el("td", {}, el("button", { type: "button", style: "border:0;background:none;padding:0;text-align:left", onclick: open(null) }, name), " ", el("span", { class: "dim" }, row.program ? row.program.prog_type : "")),
      targets.map((t) => {
        const p = row.cells.get(t);
        return el("td", { class: "c" }, p ? el("button", { type: "button", class: p.verdict, title: `${name} on ${t}: ${p.verdict}`, "aria-label": `${name} on ${t}: ${p.verdict}`, onclick: open(t) }, SIGN[p.verdict]) : "");
      })));
  }
  const more = all.length > state.shown ? el("button", { type: "button", class: "more", onclick: () => { state.shown += 1000; list(); } }, `show more (${all.length - state.shown} left)`) : null;
  $("list").replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, body)), more || "");
}

function select(row, target) {
  const first = [...row.cells].find(([, p]) => p.verdict !== "accept") || [...row.cells][0];
  state.row = row;
  state.target = target || (first ? first[0] : null);
  state.step = null;
  draw();
}

const chosen = () => state.row && state.row.cells.get(state.target);
/** The view of the chosen program; on a target that accepts it, that of another one. */
function viewOf(row, program) {
  if (program && program.view) return [program.view, column(program)];
  if (!program || program.verdict !== "accept") return [null, null];
  const other = [...row.cells.values()].find((p) => p.view && p.verdict === "accept");
  return other ? [other.view, column(other)] : [null, null];
}

function codeLine(line, text, marks) {
  const out = [];
  let at = 0;
  for (const m of [...marks].sort((a, b) => a.column - b.column)) {
    const from = Math.max(at, m.column - 1), to = Math.min(text.length, m.column - 1 + m.length);
    if (to <= from) continue;
    out.push(text.slice(at, from), el("span", { class: m.primary ? "hit primary" : "hit" }, text.slice(from, to)));
    at = to;
  }
  out.push(text.slice(at));
  return [el("div", { class: "n" }, String(line)), el("div", { class: "l" }, out)];
}

/** The column at which a reader sees a byte of a line. */
function visual(text, column) {
  let at = 0;
  for (const c of text.slice(0, column - 1)) at = c === "\t" ? at + 8 - at % 8 : at + 1;
  return at;
}

/** Labels on their source, file by file, with the lines in between that are known. */
function snippets(labels, view) {
  const files = new Map();
  for (const label of labels) if (label.file) { if (!files.has(label.file)) files.set(label.file, []); files.get(label.file).push(label); }
  return [...files].map(([file, marks]) => {
    const known = new Map();
    if (view) view.lines.forEach(([f, line, text]) => { if (view.files[f] === file) known.set(line, text); });
    for (const m of marks) known.set(m.line, m.text);
    const wanted = [...known.keys()].filter((line) => marks.some((m) => Math.abs(m.line - line) <= 2)).sort((a, b) => a - b);
    const body = [];
    let last = null;
    for (const line of wanted) {
      if (last !== null && line > last + 1) body.push(el("div", { class: "n" }, "⋮"), el("div", { class: "l gap" }, ""));
      last = line;
      const here = marks.filter((m) => m.line === line);
      body.push(...codeLine(line, known.get(line), here));
      for (const m of here) if (m.label) body.push(el("div", { class: "n" }), el("div", { class: "l label" + (m.primary ? " primary" : ""), style: `padding-left:calc(.7rem + ${Math.min(visual(m.text, m.column), 60)}ch)` }, `↑ ${m.label}`));
    }
    return el("div", { class: "snippet" }, el("div", { class: "file" }, file), el("div", { class: "code" }, body));
  });
}

const say = (what, text) => text ? el("p", { class: "say" }, el("b", { class: "dim" }, what), " ", text) : null;
/** An edit as a diff. */
function suggestion(s) {
  if (!s || typeof s !== "object") return null;
  const line = (sign, name) => (text) => el("div", { class: name }, `${sign} ${text}`);
  const fresh = [s.new || []].flat().map(line("+", "add"));
  const old = s.old ? [s.old].map(line(s.place === "instead" ? "-" : " ", s.place === "instead" ? "del" : "")) : [];
  return el("pre", { class: "diff" }, el("div", { class: "dim" }, `${s.file}:${s.line}`), s.place === "before" ? [fresh, old] : [old, fresh]);
}
const TESTED = { verifies: "verified: with this the program loads" };
/** What to do: edits, with what became of them when they were tried; else the advice. */
function help(f) {
  const helps = f.help || [];
  if (!helps.length) return f.remedy ? el("div", { class: "help" }, el("strong", {}, "help "), f.remedy) : null;
  return helps.map((h) => el("div", { class: "help" }, el("strong", {}, "help "), h.text, suggestion(h.suggestion),
    TESTED[h.tested] ? el("div", { class: "dim" }, TESTED[h.tested]) : h.next_line ? el("div", { class: "dim" }, `with this the next refusal is at line ${h.next_line}`) : null));
}

function finding(f, view) {
  const labels = [...(f.secondary || []), ...(f.primary ? [{ ...f.primary, primary: true }] : [])];
  return el("article", {}, el("h3", {}, el("span", { class: f.severity || "error" }, f.code), " ", f.name || "", f.severity ? el("span", { class: "dim" }, ` · ${f.severity}`) : null),
    el("p", { class: "say" }, f.what), snippets(labels, view), say("because", f.why),
    help(f), say("witness", f.witness), f.cause ? say("cause", f.cause + (f.confidence === "high" ? "" : ` (${f.confidence} confidence)`)) : null,
    f.suppressed ? say("suppressed", f.suppressed) : null, f.targets && f.targets.length ? say("on", f.targets.join(", ")) : null);
}

function story(row, program, view) {
  if (row.object.error) return [el("p", { class: "say error" }, row.object.error.reason), say("section", row.object.error.section)];
  if (!row.program) return row.object.load_errors.map((e) => say(e.target, `${e.stage}: ${e.reason}`));
  const out = [];
  const f = program.finding;
  if (f) {
    out.push(finding(f, view));
    out.push(say("kernel", el("code", {}, f.kernel_words)));
    out.push(say("refused", el("code", {}, `${f.insn}: ${f.insn_text}`)));
    if (f.branches.length) out.push(el("h3", {}, "The way there"), f.branches_before ? el("p", { class: "dim" }, `${f.branches_before} branches before these`) : null,
      el("table", { class: "plain" }, f.branches.map((b) => el("tr", {}, el("td", {}, b.line ? `${b.file.split("/").pop()}:${b.line}` : `insn ${b.insn}`), el("td", { class: "mono" }, (b.source || b.text).trim()), el("td", {}, b.taken ? "taken" : "not taken")))));
  } else if (program.verdict !== "accept") {
    out.push(el("p", { class: "say" }, program.message || ""));
    for (const l of program.lacks || []) out.push(finding(l, view));
  } else {
    out.push(el("p", { class: "say" }, "The verifier of this target accepts the program."));
  }
  const facts = [["instructions", program.insns], ["processed", program.processed], ["states, in total", program.total_states], ["states, at most", program.peak_states], ["stack bytes", program.stack_depth], ["smoke runs", program.smoke]].filter(([, v]) => v !== null && v !== undefined);
  out.push(el("table", { class: "plain" }, facts.map(([k, v]) => el("tr", {}, el("td", { class: "dim" }, k), el("td", {}, typeof v === "number" ? v.toLocaleString("en") : v)))));
  if (program.assumes && program.assumes.length) out.push(say("assumes", program.assumes.join(", ")));
  return out;
}

/** Colour by cost: what is processed once has none, what costs most has the most. */
const heat = (visits, most) => visits > 1 ? `rgba(var(--hot),${(0.45 * Math.log(visits) / Math.log(Math.max(most, 8))).toFixed(3)})` : null;
function source(view) {
  const cost = view.lines.map(() => 0), reached = view.lines.map(() => null);
  for (const [, line, visits] of view.insns) if (line !== null) { cost[line] += visits; reached[line] = reached[line] || visits > 0; }
  const most = Math.max(1, ...cost);
  const files = view.files.map((file, at) => {
    const body = [];
    let last = null;
    view.lines.forEach(([f, line, text], i) => {
      if (f !== at || !line) return;
      if (last !== null && line > last + 1) body.push(el("div", { class: "n" }, "⋮"), el("div", { class: "l" }));
      last = line;
      const note = reached[i] === false ? "not reached" : cost[i] ? `processed ${cost[i].toLocaleString("en")} times` : "";
      body.push(el("div", { class: "n", title: note }, `${(cost[i] ? cost[i].toLocaleString("en") : reached[i] === false ? "–" : "").padStart(9)} ${String(line).padStart(6)}`), el("div", { class: "l" + (reached[i] === false ? " dim" : ""), style: heat(cost[i], most) ? `background:${heat(cost[i], most)}` : null, title: note }, text));
    });
    return el("div", { class: "snippet" }, el("div", { class: "file" }, file), el("div", { class: "code" }, body));
  });
  return [el("p", { class: "dim" }, "How many instructions of each line the verifier processed, over all paths. Only lines that the object carries are shown."), ...files];
}

function flow(view, program, tab) {
  const visits = new Map(view.insns.map(([slot, , v]) => [slot, v]));
  const most = Math.max(1, ...visits.values());
  const refused = program && program.finding ? program.finding.insn : -1;
  const unrun = new Set((program && program.unreached) || []);
  return view.functions.flatMap((f) => {
    const title = el("h3", {}, `${f.name} `, el("span", { class: "dim" }, `${f.count} block${f.count === 1 ? "" : "s"}`));
    if (!f.blocks.length) return [title, el("p", { class: "dim" }, "Too many blocks to draw.")];
    const tip = el("defs", {}, el("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, el("path", { d: "M0 0L8 4L0 8z", fill: "context-stroke" })));
    const edges = f.edges.map(([name, points]) => el("path", { class: `edge ${name}`, d: points.map(([x, y], i) => `${i ? "L" : "M"}${x + 8} ${y + 8}`).join(""), "marker-end": "url" + "(#tip)" }));
    const blocks = f.blocks.map(([[first, last], [x, y, w, h], header, text]) => {
      const n = visits.get(first) || 0;
      const name = ["b", n ? "" : "dead", refused >= first && refused <= last ? "refused" : "", unrun.has(first) ? "unrun" : ""].join(" ");
      return el("g", { class: name, tabindex: 0, role: "button", onclick: () => tab("steps", first) },
        el("title", {}, (n ? `processed ${n.toLocaleString("en")} times` : "not reached") + (unrun.has(first) ? ", reached by no run" : "")),
        el("rect", { class: header ? "block loop" : "block", x: x + 8, y: y + 8, width: w, height: h, rx: 4 }),
        heat(n, most) ? el("rect", { x: x + 8, y: y + 8, width: w, height: h, rx: 4, style: `fill:${heat(n, most)}` }) : null,
        text.map((line, i) => el("text", { x: x + 14, y: y + 25 + 15 * i }, line)));
    });
    const [w, h] = [f.size[0] + 16, f.size[1] + 16];
    return [title, el("svg", { class: "flow", width: w, height: h, viewBox: `0 0 ${w} ${h}` }, tip, edges, blocks)];
  });
}

/** The states of all steps, replayed up to one of them. */
function replay(view, upto) {
  const frames = [];
  const made = new Map();
  let fresh = new Set();
  for (let i = 0; i <= upto; i++) {
    const [, , jumps, changes] = view.steps[i];
    if (i === upto) fresh = new Set();
    if (jumps || i === view.gap_at) made.clear();
    for (let c = 0; c < changes.length; c += 3) {
      const [frame, place, word] = [changes[c], changes[c + 1], changes[c + 2]];
      while (frames.length <= frame) frames.push(new Map());
      if (word < 0) frames[frame].delete(place); else frames[frame].set(place, word);
      made.set(`${frame} ${place}`, i);
      if (i === upto && word >= 0) fresh.add(`${frame} ${place}`);
    }
  }
  return { frames: frames.slice(0, view.steps[upto][1]), made, fresh };
}
const placeName = (place) => place <= 10 ? `r${place}` : `fp-${8 * (place - 10)}`;

function steps(view, program, root) {
  if (!view.steps.length) return [el("p", {}, "The program was refused before its first step.")];
  const end = view.steps.length - 1;
  if (state.step === null) state.step = program && program.finding ? end : 0;
  state.step = Math.min(Math.max(state.step, 0), end);
  const bySlot = new Map(view.insns.map((i) => [i[0], i]));
  const src = el("div", { "aria-label": "Source" }), asm = el("div", { "aria-label": "Instructions" }), regs = el("div", { "aria-label": "Registers and stack" });
  const refused = program && program.finding ? program.finding.insn : -1;
  const go = (to) => { state.step = Math.min(Math.max(to, 0), end); show(); };
  const find = (from, by, test) => { for (let i = from + by; i >= 0 && i <= end; i += by) if (test(view.steps[i], i)) return go(i); };
  const toSlot = (test) => { const n = view.steps.length; for (let d = 1; d <= n; d++) { const i = (state.step + d) % n; if (test(view.steps[i][0])) return go(i); } };
  const lineRows = view.lines.map(([f, line, text], i) => el("div", { class: "row", onclick: () => toSlot((s) => { const insn = bySlot.get(s); return insn && insn[1] === i; }) }, el("span", { class: "n" }, String(line)), text || " "));
  view.lines.forEach(([f], i) => { if (i === 0 || view.lines[i - 1][0] !== f) src.append(el("div", { class: "row dim" }, view.files[f])); src.append(lineRows[i]); });
  const unrun = new Set((program && program.unreached) || []);
  const insnRows = new Map(view.insns.map(([slot, , visits, text]) => [slot, el("div", { class: "row" + (slot === refused ? " refused" : "") + (visits ? "" : " dim") + (unrun.has(slot) ? " unrun" : ""), title: unrun.has(slot) ? "reached by no run" : null, onclick: () => toSlot((s) => s === slot) }, el("span", { class: "n" }, String(slot)), text)]));
  asm.append(...insnRows.values());
  const slider = el("input", { type: "range", min: 0, max: end, value: state.step, "aria-label": "Step", oninput: (e) => go(Number(e.target.value)) });
  const where = el("span", { class: "mono" });
  const note = el("p", { class: "dim" });
  const bar = el("div", { class: "bar" },
    el("button", { type: "button", onclick: () => go(0) }, "first"), el("button", { type: "button", id: "prev", onclick: () => go(state.step - 1) }, "← back"),
    el("button", { type: "button", id: "next", onclick: () => go(state.step + 1) }, "step →"), el("button", { type: "button", onclick: () => find(state.step, 1, (s) => s[2]) }, "next path"),
    el("button", { type: "button", onclick: () => go(end) }, "last"), slider, where);
  let nowRow = null, nowLine = null;
  function show() {
    const [slot, depth, jumps] = view.steps[state.step];
    if (nowRow) nowRow.classList.remove("now");
    if (nowLine) nowLine.classList.remove("now");
    nowRow = insnRows.get(slot) || null;
    const insn = bySlot.get(slot);
    nowLine = insn && insn[1] !== null ? lineRows[insn[1]] : null;
    for (const [row, box] of [[nowRow, asm], [nowLine, src]]) if (row) { row.classList.add("now"); box.scrollTop = row.offsetTop - box.offsetTop - box.clientHeight / 2; }
    const real = state.step + (state.step >= view.gap_at ? view.gap : 0);
    slider.value = state.step;
    where.textContent = `step ${(real + 1).toLocaleString("en")} of ${(view.steps.length + view.gap).toLocaleString("en")}`;
    const notes = [];
    if (view.gap && state.step === view.gap_at) notes.push(`${view.gap.toLocaleString("en")} steps before this one are not kept`);
    else if (jumps && state.step) notes.push("the path before ended (at its exit, or where a state covers it that was explored before); another one is taken up here");
    if (state.step === end && refused >= 0) notes.push("this instruction is refused");
    note.textContent = notes.join("; ") || "\u00a0";
    const { frames, made, fresh } = replay(view, state.step);
    regs.replaceChildren(...frames.map((frame, f) => [frame, f]).reverse().map(([frame, f]) => el("table", { class: "state" },
      frames.length > 1 ? el("tr", {}, el("th", { colspan: 2 }, `frame ${f}`)) : null,
      [...frame].sort((a, b) => a[0] - b[0]).map(([place, word]) => {
        const at = made.get(`${f} ${place}`);
        return el("tr", { class: fresh.has(`${f} ${place}`) ? "new" : "" }, el("td", {}, placeName(place)),
          el("td", {}, el("button", { type: "button", title: at === undefined || at === 0 ? "" : "go to the instruction that made it", onclick: () => { if (at) go(at - 1); } }, view.words[word])));
      }))));
  }
  root.goStep = (d) => go(state.step + d);
  queueMicrotask(show);
  return [bar, note, el("div", { class: "stepper" }, src, asm, regs)];
}

const TABS = [["story", "Explanation"], ["steps", "Steps"], ["flow", "Flow"], ["source", "Cost by line"], ["findings", "Findings"]];
function detail() {
  const root = $("detail"), row = state.row;
  root.goStep = null;
  if (!row) { root.replaceChildren(overview()); return; }
  const program = chosen();
  const [view, from] = viewOf(row, program);
  const tab = (name, slot) => { state.tab = name; if (slot !== undefined && view) { const i = view.steps.findIndex((s) => s[0] === slot); state.step = i < 0 ? null : i; } draw(); };
  const fs = findingsOf(row);
  const head = [
    el("h2", {}, row.program ? row.program.program : row.object.object, " ", program ? el("span", { class: `chip ${program.verdict}` }, program.verdict) : null),
    el("p", { class: "dim" }, row.program ? `${row.object.object} · ${row.program.section} · ${row.program.prog_type}` : "the object as a whole", state.target ? ` · on ${state.target}` : ""),
    row.cells.size > 1 ? el("div", { class: "bar" }, [...row.cells].map(([t, p]) => el("button", { type: "button", class: p.verdict, "aria-pressed": String(t === state.target), onclick: () => { state.target = t; state.step = null; draw(); } }, `${SIGN[p.verdict]} ${t}`))) : null,
    el("div", { class: "tabs", role: "tablist" }, TABS.map(([name, title]) => el("button", { type: "button", role: "tab", "aria-selected": String(state.tab === name), disabled: (name === "findings" && !fs.length) || (["steps", "flow", "source"].includes(name) && !view), onclick: () => tab(name) }, name === "findings" ? `${title} (${fs.length})` : title))),
  ];
  const current = (state.tab === "findings" && !fs.length) || (["steps", "flow", "source"].includes(state.tab) && !view) ? "story" : state.tab;
  const body = { story: () => story(row, program, view), steps: () => steps(view, program, root), flow: () => flow(view, program, tab), source: () => source(view), findings: () => fs.map((f) => finding(f, view)) }[current]();
  if (!view && program && (program.verdict === "accept" || program.verdict === "reject")) head.push(el("p", { class: "dim" }, "Steps and drawings of this program are not in the page: there was no room for more. A page of this program alone has them: --prog NAME."));
  if (from && program && from !== column(program) && current !== "story") head.push(el("p", { class: "dim" }, `As verified for ${from}, where it is accepted too.`));
  root.replaceChildren(...head.filter(Boolean), ...[body].flat(3).filter(Boolean));
}

function overview() {
  const causes = data.matrix && data.matrix.causes ? data.matrix.causes : [];
  const by = new Map();
  for (const row of rows) for (const p of row.cells.values()) if (p.code) by.set(p.code, (by.get(p.code) || 0) + 1);
  const codes = [...by].sort((a, b) => b[1] - a[1]);
  return el("div", {}, el("h2", {}, `${data.objects.length} object${data.objects.length === 1 ? "" : "s"}, ${rows.length} program${rows.length === 1 ? "" : "s"}, ${targets.length} target${targets.length === 1 ? "" : "s"}`),
    el("p", { class: "dim" }, `bpfassay ${data.tool.version}. Choose a program on the left.`),
    codes.length ? [el("h3", {}, "Why programs are refused"), el("table", { class: "plain" }, codes.slice(0, 20).map(([code, n]) => el("tr", {}, el("td", {}, el("button", { type: "button", onclick: () => { state.text = code.toLowerCase(); $("search").value = code; draw(); } }, code)), el("td", {}, String(n)))))] : null,
    causes.length ? [el("h3", {}, "What differs between targets"), el("table", { class: "plain" }, causes.slice(0, 50).map((c) => el("tr", {}, el("td", { class: c.verdict === "fails" ? "reject" : "unknown" }, c.verdict), el("td", {}, c.on.join(", ")), el("td", {}, `${c.code || ""} ${c.why || ""}`), el("td", {}, `${c.programs.length}`))))] : null);
}

function draw() { totals(); list(); detail(); }
function move(by) {
  const all = visible().slice(0, state.shown);
  if (!all.length) return;
  const at = all.indexOf(state.row);
  select(all[Math.min(Math.max(at + by, 0), all.length - 1)], null);
  const now = document.querySelector("nav tr[aria-current=true]");
  if (now) now.scrollIntoView({ block: "nearest" });
}
$("search").addEventListener("input", (e) => { state.text = e.target.value.trim().toLowerCase(); state.shown = 400; list(); });
$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
document.addEventListener("keydown", (e) => {
  const typing = e.target instanceof HTMLInputElement;
  if (e.key === "Escape" && typing) { e.target.blur(); return; }
  if ((typing && e.target.type !== "range") || e.ctrlKey || e.metaKey || e.altKey) return;
  const step = $("detail").goStep;
  if (e.key === "/") { e.preventDefault(); $("search").focus(); }
  else if (e.key === "j") move(1);
  else if (e.key === "k") move(-1);
  else if (e.key === "ArrowRight" && step && !typing) { e.preventDefault(); step(1); }
  else if (e.key === "ArrowLeft" && step && !typing) { e.preventDefault(); step(-1); }
  else if (e.key >= "1" && e.key <= "5") { state.tab = TABS[Number(e.key) - 1][0]; draw(); }
  else if (e.key === "Enter" && e.target.matches("g.b")) e.target.dispatchEvent(new MouseEvent("click"));
});
const bad = rows.find((row) => [...row.cells.values()].some((p) => p.verdict !== "accept"));
if (rows.length === 1) select(rows[0], null); else if (bad && rows.length <= 20) select(bad, null); else draw();
})();
