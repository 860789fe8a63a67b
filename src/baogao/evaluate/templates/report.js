"use strict";
(() => {
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const paragraphs = Array.from(list.querySelectorAll(".paragraph"), (node) => ({
    node,
    report: node.dataset.report,
    order: Number(node.dataset.order),
    errors: Number(node.dataset.errors),
    tokens: node.dataset.tokens.split("|").filter(Boolean).map((token) => {
      const cut = token.lastIndexOf("/");
      return { label: token.slice(0, cut), kind: token.slice(cut + 1) };
    }),
    text: node.textContent.toLowerCase(),
  }));

  function shown(paragraph, label, kind, report, text) {
    if (report && paragraph.report !== report) return false;
    if (text && !paragraph.text.includes(text)) return false;
    if (kind === "*") return !label || paragraph.text.includes(label.toLowerCase());
    return paragraph.tokens.some(
      (token) => (!label || token.label === label) && (!kind || token.kind === kind)
    );
  }

  function update() {
    const value = (name) => form.elements[name].value;
    const text = value("text").trim().toLowerCase();
    let count = 0;
    for (const paragraph of paragraphs) {
      const show = shown(paragraph, value("label"), value("kind"), value("report"), text);
      paragraph.node.hidden = !show;
      count += show;
    }
    form.elements.count.value = `${count} of ${paragraphs.length} paragraphs 段`;
  }

  function sort() {
    const byReport = form.elements.order.value === "report";
    paragraphs.sort((a, b) => (byReport ? 0 : b.errors - a.errors) || a.order - b.order);
    list.append(...paragraphs.map((paragraph) => paragraph.node));
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", update);
  form.elements.order.addEventListener("change", sort);
  update();
})();
