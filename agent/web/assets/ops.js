// The charts of the operations page. The server's tables say how things are without this; it fills and shows
// the section "charts", loads what it draws from /api/series and /api/now, and follows /api/live.
import { BarChart, bar_specs, time_classes } from "./bar_chart.js";
import { catalogue } from "./catalogue.js";
import { element, set_text } from "./dom.js";
import { now, utc } from "./format.js";
import { LiveStream, fetch_json } from "./live.js";
import { LoadChart } from "./load_chart.js";
import { PhaseChart } from "./phase_chart.js";
import { SeriesWindow } from "./series.js";
import { keep_state_fresh } from "./state.js";
import { TableFigure, table_specs } from "./tables.js";
import { TimeChart } from "./time_chart.js";

const kRanges = [["15m", "15 min", 900], ["1h", "1 h", 3600], ["6h", "6 h", 21600], ["24h", "24 h", 86400]];
const kDefaultRange = kRanges[1];
const kStreamStep = 10;  // s between the points of the live stream
const kRetry = 10000;    // ms

class OpsCharts {
  constructor(section) {
    this.window = null;
    this.generation = 0;
    this.range = range_of(location.hash);
    this.buttons = kRanges.map(([key, label]) => this.#range_button(key, label));
    this.live_text = element("p", { class: "live", role: "status" });
    this.problems = new Map();
    this.problem = element("p", { class: "problem", role: "alert" });
    this.#make_charts();
    section.append(this.#toolbar(), this.problem, ...this.#groups());
    section.setAttribute("aria-label", "Charts");
    section.hidden = false;
    window.addEventListener("hashchange", () => this.#choose(range_of(location.hash)));
    this.#choose(this.range);
    this.#load_now();
    this.#follow();
  }

  #make_charts() {
    const time_charts = (specs) => specs.map((spec) => new TimeChart(spec));
    const { queries, answers, traffic } = catalogue;
    this.queries = time_charts(queries);
    this.answers = time_charts(answers);
    this.traffic = time_charts(traffic);
    this.routing = [new PhaseChart(), new LoadChart()];
    this.timed = [...this.queries, ...this.answers, ...this.traffic, ...this.routing];
    this.bars = Object.fromEntries(Object.entries(bar_specs).map(([name, spec]) => [name, new BarChart(spec)]));
    this.tables = Object.fromEntries(Object.entries(table_specs).map(([name, spec]) => [name, new TableFigure(spec)]));
  }

  #groups() {
    const { query_sizes, answer_sizes, times } = this.bars;
    const { heat, missing, rssac002 } = this.tables;
    return [
      group("Decision and zones", this.routing),
      group("Queries", [...this.queries, query_sizes]),
      group("Answers", [...this.answers, times, answer_sizes]),
      group("Names", [heat, missing, rssac002]),
      group("Traffic", this.traffic),
    ].flat();
  }

  #toolbar() {
    const buttons = element("div", { class: "ranges", role: "group", "aria-label": "Range of the charts" },
      ...this.buttons);
    return element("div", { class: "toolbar" }, element("h2", {}, "Charts"), buttons, this.live_text);
  }

  #range_button(key, label) {
    const button = element("button", { type: "button", "data-range": key }, label);
    button.addEventListener("click", () => { location.hash = key; });
    return button;
  }

  #choose(range) {
    this.range = range;
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.range === range[0]));
    }
    this.#load_series();
  }

  // A reply that comes after another range was chosen is not taken.
  async #load_series() {
    const generation = ++this.generation;
    const [, , seconds] = this.range;
    try {
      const reply = await fetch_json(`/api/series?last=${seconds}`);
      if (generation !== this.generation) return;
      this.window = new SeriesWindow(reply, seconds, now());
      this.#report("series", null);
      this.#draw_timed();
    } catch (error) {
      if (generation !== this.generation) return;
      this.#report("series", error);
      setTimeout(() => { if (generation === this.generation) this.#load_series(); }, kRetry);
    }
  }

  async #load_now() {
    try {
      this.#draw_now(await fetch_json("/api/now"));
      this.#report("now", null);
    } catch (error) {
      this.#report("now", error);
    }
  }

  // The live stream has no phases and loads; a short reply brings what is new of them.
  async #load_events() {
    const { window } = this;
    const seconds = 6 * kStreamStep;
    const reply = await fetch_json(`/api/series?last=${seconds}`).catch(() => null);
    if (!reply || window !== this.window) return;
    window.merge_events(reply, seconds);
    for (const chart of this.routing) chart.show(window);
  }

  #follow() {
    new LiveStream("/api/live", {
      on_point: (point) => this.#on_point(point),
      on_back: () => { this.#load_series(); this.#load_now(); },
      on_state: (text, live) => {
        set_text(this.live_text, text);
        this.live_text.classList.toggle("broken", !live);
      },
    });
  }

  #on_point(point) {
    this.#load_now();
    if (!this.window) return;
    if (!this.window.append(point, kStreamStep)) {
      this.#load_series();
      return;
    }
    this.#draw_timed();
    this.#load_events();
  }

  #draw_timed() {
    for (const chart of this.timed) chart.show(this.window);
  }

  #draw_now(reply) {
    const sizes = (direction) => [reply.sizes?.[direction]?.udp, reply.sizes?.[direction]?.tcp];
    this.bars.query_sizes.show(sizes("query"));
    this.bars.answer_sizes.show(sizes("response"));
    this.bars.times.show([time_classes(reply.times)]);
    for (const one of Object.values(this.tables)) one.show(reply);
  }

  // Says what could not be had, until it could be had again. source: "series" or "now"
  #report(source, error) {
    this.problems.delete(source);
    if (error) {
      console.error(error);
      this.problems.set(source, `Charts not brought up to date at ${utc(now())}: ${error.message}.`);
    }
    set_text(this.problem, [...this.problems.values()].join(" "));
  }
}

function range_of(hash) {
  return kRanges.find(([key]) => `#${key}` === hash) ?? kDefaultRange;
}

function group(title, charts) {
  return [element("h3", {}, title), element("div", { class: "figures" }, ...charts.map((chart) => chart.figure))];
}

keep_state_fresh();
const section = document.getElementById("charts");
if (section) new OpsCharts(section);
