// A figure around one uPlot: caption, canvas, legend and the text below it. Every chart of the page is one of
// these; what is drawn is up to its owner. It keeps the canvas at the figure's width and in the page's
// colours, and lets the cursor be moved by keyboard: to a screen reader the canvas is a slider along its x
// axis whose value is the text of the readings there.
import { element, set_text, svg } from "./dom.js";
import { number, step_for } from "./format.js";
import { dash_of, read_theme } from "./theme.js";

const kAxisWidth = 52;
const kFont = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

const plots = new Set();
const dark = window.matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => plots.forEach((plot) => plot.rebuild()));

export class Plot {
  // spec:
  //   id, title, note          text; the note is optional
  //   height                   of the canvas, CSS pixels
  //   wide                     whether the figure takes the whole width
  //   unit                     of the y axis (format.js), if it has one
  //   options(plot, theme)     the owner's part of the uPlot options
  //   read(index)              {when, values}: the readings at an index, one text for each legend entry
  //   at_rest                  what the resting index is, "Last" unless said otherwise
  //   nothing                  what is said when there is no data
  //   toggle(key)              called when a legend entry is pressed; without it the legend is plain text
  constructor(spec) {
    this.spec = { at_rest: "Last", nothing: "No data in this range.", ...spec };
    this.uplot = null;
    this.shape = "";
    this.data = [[0], [null]];
    this.range = [0, 1];
    this.resting = -1;
    this.entries = [];
    this.#make_figure();
    plots.add(this);
    new ResizeObserver(() => this.#resize()).observe(this.stage);
  }

  // shape: a text that changes when the series do, which needs a new uPlot; range: of x, [from, to];
  // resting: the index whose readings are shown while the cursor is elsewhere, -1 if there is no data.
  draw({ data, shape, range, resting, summary }) {
    this.data = data;
    this.range = range;
    this.resting = resting;
    this.empty.hidden = resting >= 0;
    set_text(this.summary, resting >= 0 ? summary : this.spec.nothing);
    if (!this.uplot || shape !== this.shape) {
      this.shape = shape;
      this.rebuild();
    } else {
      this.uplot.setData(data);
    }
    this.#show_readings();
  }

  // entries: [{key, label, slot | mark, off}]; a slot is marked by its line, a mark is a class of ops.css.
  set_legend(entries) {
    const described = JSON.stringify(entries);
    if (described === this.described) return;
    this.described = described;
    const focused = this.entries.findIndex((entry) => entry.node.contains(document.activeElement));
    this.entries = entries.map((entry) => this.#legend_entry(entry));
    this.legend.replaceChildren(...this.entries.map((entry) => entry.node));
    if (focused >= 0) this.entries[focused]?.node.querySelector("button")?.focus();
  }

  rebuild() {
    if (!this.shape || this.stage.clientWidth === 0) return;
    this.uplot?.destroy();
    const theme = read_theme(this.stage);
    const own = this.spec.options(this, theme);
    this.uplot = new uPlot({
      width: this.stage.clientWidth,
      height: this.spec.height,
      padding: [10, 12, 0, 0],
      legend: { show: false },
      ...own,
      cursor: { y: false, drag: { x: false, y: false, setScale: false }, ...own.cursor },
      scales: { x: { time: false, range: () => this.range }, y: { range: from_zero }, ...own.scales },
      axes: [axis(theme, own.x_axis), this.#y_axis(theme, own.y_axis)],
      hooks: { ...own.hooks, setCursor: [() => this.#show_readings()] },
    }, this.data, this.stage);
  }

  get cursor_index() {
    const cursor = this.uplot?.cursor;
    return cursor && cursor.left >= 0 && cursor.idx !== null && cursor.idx !== undefined ? cursor.idx : -1;
  }

  #make_figure() {
    const { id, title, note, wide, height } = this.spec;
    this.unit = element("span", { class: "unit", hidden: !this.spec.unit });
    this.empty = element("p", { class: "empty", hidden: true, "aria-hidden": true },
      element("span", {}, this.spec.nothing));
    this.stage = element("div", { class: "stage", tabindex: 0, role: "slider", "aria-label": title,
      "aria-valuemin": 0, "aria-describedby": `${id}-summary` }, this.empty);
    this.stage.style.minHeight = `${height}px`;
    this.when = element("p", { class: "when" });
    this.legend = element("ul", { class: "legend" });
    this.summary = element("p", { class: "summary", id: `${id}-summary` });
    this.below = element("div", { class: "below" });
    this.figure = element("figure", { id, class: wide ? "wide" : null },
      element("figcaption", {}, title, note ? element("small", {}, note) : null),
      this.unit, this.stage, this.when, this.legend, this.summary, this.below);
    this.stage.addEventListener("keydown", (event) => this.#on_key(event));
    this.stage.addEventListener("blur", () => this.#move_cursor(-1));
  }

  #y_axis(theme, extra = {}) {
    const { unit } = this.spec;
    if (!unit) return { show: false, ...extra };
    return axis(theme, {
      side: 3,
      size: kAxisWidth,
      space: 34,
      values: (u, splits) => {
        const [factor, name] = step_for(unit.axis, u.scales.y.max ?? 1);
        set_text(this.unit, name);
        return splits.map((value) => number(value / factor));
      },
      ...extra,
    });
  }

  #legend_entry({ key, label, slot, mark, off }) {
    const value = element("span", { class: "value" });
    const content = [sample_of(slot, mark), element("span", { class: "label" }, label), value];
    if (!this.spec.toggle) return { label, value, node: element("li", {}, ...content) };
    const button = element("button", { type: "button", "aria-pressed": String(!off) }, ...content);
    button.addEventListener("click", () => this.spec.toggle(key));
    return { label, value, node: element("li", {}, button) };
  }

  #show_readings() {
    const at_cursor = this.cursor_index;
    const index = at_cursor >= 0 && this.resting >= 0 ? at_cursor : this.resting;
    const { when, values } = index >= 0 ? this.spec.read(index) : { when: "", values: [] };
    set_text(this.when, when && `${at_cursor >= 0 ? "At the cursor" : this.spec.at_rest}, ${when}`);
    this.entries.forEach((entry, i) => set_text(entry.value, values[i] ?? ""));
    this.#show_slider(index, when, values);
  }

  #show_slider(index, when, values) {
    const words = this.entries.map(({ label }, i) => `${label} ${values[i] ?? ""}`);
    this.stage.setAttribute("aria-valuemax", String(Math.max(0, this.data[0].length - 1)));
    this.stage.setAttribute("aria-valuenow", String(Math.max(0, index)));
    this.stage.setAttribute("aria-valuetext", index >= 0 ? `${when}: ${words.join(", ")}` : this.spec.nothing);
  }

  #on_key(event) {
    const last = this.data[0].length - 1;
    const here = this.cursor_index >= 0 ? this.cursor_index : Math.max(0, this.resting);
    const page = Math.max(1, Math.round(last / 20));
    const goal = {
      ArrowLeft: here - 1, ArrowRight: here + 1, PageDown: here - page, PageUp: here + page,
      Home: 0, End: last, Escape: -1,
    }[event.key];
    if (goal === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#move_cursor(event.key === "Escape" ? -1 : Math.min(last, Math.max(0, goal)));
  }

  #move_cursor(index) {
    if (!this.uplot) return;
    const left = index < 0 ? -10 : this.uplot.valToPos(this.data[0][index], "x");
    this.uplot.setCursor({ left, top: index < 0 ? -10 : this.spec.height / 3 }, true, true);
  }

  #resize() {
    const width = this.stage.clientWidth;
    if (width === 0 || width === this.uplot?.width) return;
    if (this.uplot) this.uplot.setSize({ width, height: this.spec.height });
    else this.rebuild();
  }
}

// From zero to a little above the highest value, also when there is none.
function from_zero(_, __, highest) {
  return highest > 0 ? uPlot.rangeNum(0, highest, 0.1, true) : [0, 1];
}

function axis(theme, extra) {
  const grid = { stroke: theme.line, width: 1 };
  return { stroke: theme.soft, font: kFont, grid, ticks: { ...grid, size: 5 }, gap: 4, ...extra };
}

function sample_of(slot, mark) {
  if (mark) return element("span", { class: `mark ${mark}`, "aria-hidden": true });
  if (!slot) return null;
  const line = svg("line", { x1: 1, y1: 5, x2: 31, y2: 5, "stroke-dasharray": dash_of(slot).join(" ") || null });
  return svg("svg", { class: `sample slot-${slot}`, width: 32, height: 10, "aria-hidden": true }, line);
}
