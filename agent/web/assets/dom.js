// Elements made by hand: everything on the page is built through this, so that no text is ever read as HTML
// and no style attribute is needed, which the content security policy would refuse.

const kSvg = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(kSvg, tag), attributes, children);
}

// Writes only what changed, so that a reader's selection and a screen reader's place survive an update.
export function set_text(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A table in a box that scrolls sideways by itself, reachable by keyboard.
// columns: [{title, number}]; rows: arrays of text or of {text, class}; the first cell of a row heads it.
export function table(label, columns, rows) {
  const head = columns.map((column) =>
    element("th", { scope: "col", class: column.number ? "number" : null }, column.title));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell, i) => table_cell(cell, i, columns[i]))));
  return element("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": label },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body)));
}

function table_cell(cell, index, column) {
  const { text, class: extra } = typeof cell === "object" ? cell : { text: cell };
  const classes = [column.number ? "number" : "", extra ?? ""].join(" ").trim();
  const attributes = { class: classes || null };
  if (index === 0) attributes.scope = "row";
  return element(index === 0 ? "th" : "td", attributes, text);
}
