// The page of `baogao models serve`. Everything from a report reaches the document as textContent only.
import { TEXT } from "./text.js";

const $ = (id) => document.getElementById(id);
const LOW = 0.7; // below this score a label is drawn dotted
let language = saved("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
let info = { limit: 20_000_000, model: "" };
let result = null; // the server's last answer
let sorted = { column: null, down: false };
const hidden = new Set(); // entity labels switched off

const say = (key) => TEXT[language][key];

function saved(key, value) {
  try {
    if (value !== undefined) localStorage.setItem(key, value);
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be switched off
  }
}

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "role") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// ---- language

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  $("keys").replaceChildren(...say("keylist").flatMap(([keys, does]) => [make("dt", {}, keys), make("dd", {}, does)]));
  $("model").textContent = info.model;
  if (result) show();
}

function nameOf(kind, label) {
  const found = result.labels[kind].find((one) => one.name === label);
  return found && language === "zh" ? found.zh : label;
}

const colorOf = (kind, label) => result.labels[kind].find((one) => one.name === label)?.color ?? "#555555";

// ---- asking the server

function complain(code, detail = "") {
  $("error").textContent = [TEXT[language].errors[code] ?? "", detail].filter(Boolean).join(" ");
  $("error").hidden = false;
  $("status").textContent = "";
}

async function send({ file, text }) {
  $("error").hidden = true;
  if (!file && !text?.trim()) return complain("nothing");
  if (file && file.size > info.limit) return complain("large");
  const form = new FormData();
  if (file) form.append("file", file, file.name);
  else form.append("text", text);
  for (const field of ["issuer", "year"]) if ($(field).value.trim()) form.append(field, $(field).value.trim());
  busy(true);
  try {
    const response = await fetch("/api/label", { method: "POST", body: form });
    const answer = await response.json();
    if (!response.ok) return complain(answer.code, answer.code === "crash" ? "" : `(${answer.error})`);
    result = answer;
    hidden.clear();
    sorted = { column: null, down: false };
    $("filter").value = "";
    choose("text");
    show();
    $("start").hidden = true;
    $("result").hidden = $("again").hidden = false;
    $("status").textContent = say("done");
    scrollTo(0, 0);
    $("report-name").focus();
  } catch {
    complain("network");
  } finally {
    busy(false);
  }
}

function busy(yes) {
  document.body.classList.toggle("busy", yes);
  $("main").setAttribute("aria-busy", yes);
  for (const button of $("start").querySelectorAll("button")) button.disabled = yes;
  if (yes) $("status").textContent = say("working");
}

// ---- text view

function show() {
  const paragraphs = result.blocks.filter((block) => block.kind === "paragraph");
  const count = result.blocks.reduce((sum, block) => sum + block.entities.length, 0);
  $("report-name").textContent = result.title || result.report;
  $("report-name").tabIndex = -1;
  const known = [result.title ? result.report : "", result.issuer, result.year].filter(Boolean);
  $("summary").textContent = `${known.map((text) => `${text} · `).join("")}${paragraphs.length} ${say("paragraphs")} · ${result.blocks.filter((b) => b.kind === "heading").length} ${say("headings")} · ${count} ${say("entities")}`;
  showLegend();
  $("blocks").replaceChildren(...result.blocks.map(showBlock));
  applyHidden();
  showOutline();
  showFigures();
}

function showLegend() {
  const counts = {};
  for (const block of result.blocks) for (const entity of block.entities) counts[entity.label] = (counts[entity.label] ?? 0) + 1;
  const chips = result.labels.entity.map((label) => {
    const chip = make("button", { type: "button", className: "chip", "aria-pressed": String(!hidden.has(label.name)), title: label.description ?? "" },
      make("span", { className: "dot" }), `${nameOf("entity", label.name)} ${counts[label.name] ?? 0}`);
    chip.style.setProperty("--c", label.color);
    chip.addEventListener("click", () => {
      hidden.has(label.name) ? hidden.delete(label.name) : hidden.add(label.name);
      chip.setAttribute("aria-pressed", String(!hidden.has(label.name)));
      applyHidden();
    });
    return chip;
  });
  $("legend").replaceChildren(...chips, make("span", { className: "quiet" }, say("low")));
}

function applyHidden() {
  for (const mark of $("blocks").querySelectorAll("mark")) mark.classList.toggle("off", hidden.has(mark.dataset.entity));
}

function showBlock(block, index) {
  const points = Array.from(block.text); // offsets count code points, JavaScript counts UTF-16 units
  const strong = make("strong"); // the run-in heading of a paragraph
  const rest = make("span");
  const bold = leadEnd(block);
  const write = (start, end) => {
    if (start < Math.min(end, bold)) strong.append(points.slice(start, Math.min(end, bold)).join(""));
    if (Math.max(start, bold) < end) rest.append(points.slice(Math.max(start, bold), end).join(""));
  };
  let at = 0;
  const entities = block.entities.map((entity, place) => [entity, place]).sort(([a], [b]) => a.start - b.start);
  for (const [entity, place] of entities) {
    write(at, entity.start);
    const mark = make("mark", { tabIndex: -1 }, points.slice(entity.start, entity.end).join(""));
    mark.dataset.entity = entity.label;
    mark.dataset.start = entity.start;
    mark.style.setProperty("--c", colorOf("entity", entity.label));
    if (entity.score != null && entity.score < LOW) mark.classList.add("low");
    describe(mark, () => describeEntity(entity, result.values[block.id]?.[place]));
    (entity.start < bold ? strong : rest).append(mark);
    at = entity.end;
  }
  write(at, points.length);
  const body = [numberOf(block), strong, rest];
  if (block.kind === "heading") {
    const level = Math.min(6, 2 + (block.level ?? 1));
    return make(`h${level}`, { id: `b${index}`, className: "block heading", tabIndex: -1 }, ...body);
  }
  const row = make("div", { id: `b${index}`, className: `block ${block.kind}`, tabIndex: -1 });
  if (block.section) {
    row.style.setProperty("--c", colorOf("section", block.section));
    const tag = make("button", { type: "button", className: "tag", tabIndex: -1 }, nameOf("section", block.section));
    if (block.section_score != null && block.section_score < LOW) tag.classList.add("low");
    describe(tag, () => [[say("section"), nameOf("section", block.section)], [say("score"), block.section_score?.toFixed(2)]]);
    row.append(tag);
  }
  row.append(make("p", {}, ...body));
  return row;
}

// A number that the text does not begin with was lost in the source and put back.
const numberOf = (block) => (block.number && !block.text.startsWith(block.number) ? block.number : "");

function leadEnd(block) {
  if (!block.lead) return 0;
  const found = block.text.indexOf(block.lead);
  return found < 0 || found > 12 ? 0 : Array.from(block.text.slice(0, found + block.lead.length)).length;
}

function describeEntity(entity, value) {
  const lines = [[nameOf("entity", entity.label), entity.text ?? ""], [say("score"), entity.score?.toFixed(2)]];
  if (!value) return lines;
  if ("value" in value) lines.push([say("value"), quantity(value)]);
  if ("full_name" in value) {
    lines.push([say("full_name"), value.full_name], [say("level"), say("levels")[value.level] ?? value.level], [say("kind"), say("kinds")[value.kind] ?? value.kind]);
  }
  if ("normal" in value) {
    lines.push([say("kind"), say("kinds")[value.kind] ?? value.kind], [say("numbers"), value.numbers.join(" ")], [say("doc_year"), value.year]);
  }
  return lines;
}

function quantity({ value, high_value, comparator, approximate, base_unit }) {
  if (value == null) return "";
  const number = (n) => base_unit === "1" ? n.toLocaleString(language, { style: "percent", maximumFractionDigits: 3 }) : n.toLocaleString(language, { maximumFractionDigits: 4 });
  const unit = ["1", "rank", "rank from last", null, undefined].includes(base_unit) ? "" : ` ${base_unit}`;
  const sign = { ">=": "≥ ", "<=": "≤ ", ">": "> ", "<": "< " }[comparator] ?? (approximate && comparator === "=" ? "≈ " : "");
  const shown = base_unit === "rank" ? say("rank")(number(value)) : base_unit === "rank from last" ? say("last")(number(value)) : number(value);
  return `${sign}${shown}${high_value == null ? "" : ` – ${number(high_value)}`}${unit}`;
}

// ---- tooltip

function describe(element, lines) {
  const open = () => {
    const shown = lines().filter(([, text]) => text != null && text !== "");
    $("tip").replaceChildren(...shown.map(([name, text]) => make("div", {}, make("b", {}, name), ` ${text}`)));
    $("tip").hidden = false;
    element.setAttribute("aria-describedby", "tip");
    const box = element.getClientRects()[0] ?? element.getBoundingClientRect();
    const tip = $("tip").getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - tip.width - 8));
    const above = box.top - tip.height - 6;
    $("tip").style.left = `${left + scrollX}px`;
    $("tip").style.top = `${(above > 0 ? above : box.bottom + 6) + scrollY}px`;
  };
  const close = () => {
    $("tip").hidden = true;
    element.removeAttribute("aria-describedby");
  };
  element.addEventListener("mouseenter", open);
  element.addEventListener("focus", open);
  element.addEventListener("mouseleave", close);
  element.addEventListener("blur", close);
}

// ---- outline

function showOutline() {
  const items = [];
  result.blocks.forEach((block, index) => {
    const heading = block.kind === "heading" ? block.text : block.lead;
    if (!heading && (items.length > 0 || block.kind !== "paragraph")) return;
    const number = block.kind === "heading" ? numberOf(block) : block.number ?? "";
    const link = make("a", { href: `#b${index}` }, make("span", { className: "dot" }), heading ? number + heading : say("start_of"));
    const paragraph = result.blocks.slice(index).find((other) => other.section);
    if (paragraph) link.style.setProperty("--c", colorOf("section", paragraph.section));
    link.addEventListener("click", () => choose("text"));
    items.push(make("li", { className: `level${block.level ?? 1}` }, link));
  });
  if (items.length === 0) items.push(make("li", { className: "quiet" }, say("no_outline")));
  $("outline-list").replaceChildren(...items);
}

// ---- figures

const COLUMNS = ["indicator", "text", "value", "body", "document", "section"];

function showFigures() {
  const head = COLUMNS.map((column) => {
    const button = make("button", { type: "button", className: "plain" }, say("th")[column]);
    button.addEventListener("click", () => {
      sorted = { column, down: sorted.column === column && !sorted.down };
      showFigures();
      $("figures").querySelectorAll("th button")[COLUMNS.indexOf(column)].focus();
    });
    const order = sorted.column !== column ? "none" : sorted.down ? "descending" : "ascending";
    return make("th", { scope: "col", "aria-sort": order }, button);
  });
  $("figures").tHead.rows[0].replaceChildren(...head);
  const wanted = $("filter").value.trim().toLowerCase();
  let rows = result.figures.filter((row) => !wanted || [row.indicator, row.text, row.body, row.document, row.sentence].some((cell) => cell?.toLowerCase().includes(wanted)));
  if (sorted.column) {
    const key = (row) => row[sorted.column] ?? (sorted.column === "value" ? -Infinity : "");
    rows = [...rows].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) * (sorted.down ? -1 : 1));
  }
  const empty = make("tr", {}, make("td", { colSpan: COLUMNS.length, className: "quiet" }, say("no_figures")));
  $("figures").tBodies[0].replaceChildren(...(rows.length ? rows.map(showFigure) : [empty]));
}

function showFigure(row) {
  const go = make("button", { type: "button", className: "plain go", title: say("go") }, row.text);
  go.addEventListener("click", () => {
    choose("text");
    const index = result.blocks.findIndex((block) => block.id === row.block);
    const mark = $(`b${index}`).querySelector(`mark[data-start="${row.start}"]`);
    mark.scrollIntoView({ block: "center" });
    mark.focus();
  });
  const section = make("span", { className: "tag" }, row.section ? nameOf("section", row.section) : "");
  if (row.section) section.style.setProperty("--c", colorOf("section", row.section));
  return make("tr", {},
    make("td", {}, make("div", {}, row.indicator), make("div", { className: "sentence" }, row.sentence)),
    make("td", {}, go), make("td", { className: "number" }, quantity(row)),
    make("td", {}, row.body ?? ""), make("td", {}, row.document ?? ""), make("td", {}, row.section ? section : ""));
}

function download(text, name, type) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// ---- tabs, keys, start

function choose(view) {
  for (const name of ["text", "figures"]) {
    const on = name === view;
    $(`tab-${name}`).setAttribute("aria-selected", String(on));
    $(`tab-${name}`).tabIndex = on ? 0 : -1;
    $(`view-${name}`).hidden = !on;
  }
}

function step(by) {
  const marks = [...$("blocks").querySelectorAll("mark:not(.off), .tag")];
  if (marks.length === 0) return;
  choose("text");
  const now = marks.indexOf(document.activeElement);
  let next = now + by;
  if (now < 0) {
    // from nowhere: the first mark in sight
    const seen = marks.findIndex((mark) => mark.getBoundingClientRect().bottom > 0);
    next = by > 0 ? Math.max(0, seen) : Math.max(0, seen - 1);
  }
  const mark = marks[Math.max(0, Math.min(marks.length - 1, next))];
  mark.scrollIntoView({ block: "nearest" });
  mark.focus();
}

function restart() {
  result = null;
  $("result").hidden = $("again").hidden = true;
  $("start").hidden = false;
  $("error").hidden = true;
  $("status").textContent = "";
  $("file").value = "";
  $("text").focus();
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea") || $("help").open) return;
  const actions = { "?": () => $("help").showModal(), l: switchLanguage };
  if (result) {
    Object.assign(actions, {
      j: () => step(1), k: () => step(-1), n: restart,
      o: () => ($("outline-list").querySelector("a") ?? $("outline")).focus(),
      t: () => { choose("text"); $("tab-text").focus(); },
      f: () => { choose("figures"); $("tab-figures").focus(); },
      Escape: () => { $("tip").hidden = true; },
    });
  }
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  saved("language", language);
  speak();
}

$("language").addEventListener("click", switchLanguage);
$("help-open").addEventListener("click", () => $("help").showModal());
$("again").addEventListener("click", restart);
$("filter").addEventListener("input", showFigures);
$("csv").addEventListener("click", () => download("\ufeff" + result.csv, `${result.report}-figures.csv`, "text/csv"));
$("jsonl").addEventListener("click", () => download(result.blocks.map((block) => JSON.stringify(block) + "\n").join(""), `${result.report}.jsonl`, "application/jsonl"));
$("file").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;  // Chromium opens the dialogue for the space bar only
  event.preventDefault();
  $("file").click();
});
$("file").addEventListener("change", () => $("file").files[0] && send({ file: $("file").files[0] }));
$("start").addEventListener("submit", (event) => { event.preventDefault(); send({ text: $("text").value }); });
$("example").addEventListener("click", async () => {
  const text = await (await fetch("/static/example.txt")).text();
  $("text").value = text;
  send({ text });
});
for (const [name, other] of [["text", "figures"], ["figures", "text"]]) {
  $(`tab-${name}`).addEventListener("click", () => choose(name));
  $(`tab-${name}`).addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    choose(other);
    $(`tab-${other}`).focus();
  });
}
document.addEventListener("keydown", press);
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dragging", name === "dragover");
    if (name === "drop" && event.dataTransfer.files[0]) send({ file: event.dataTransfer.files[0] });
  });
}

speak();
fetch("/api/info").then((response) => response.json()).then((answer) => {
  info = answer;
  $("model").textContent = info.model;
}).catch(() => complain("network"));
