// Zone loads as marks on the time axis: where is when, how high is how long it took. The latest of them stand
// in a table below.
import { table } from "./dom.js";
import { clock, date_and_month, number, units, utc } from "./format.js";
import { Plot } from "./plot.js";
import { kSlots, dash_of } from "./theme.js";
import { time_axis, time_cursor } from "./time_chart.js";

const kRowsShown = 8;
const kColumns = [{ title: "Time (UTC)" }, { title: "Zone" }, { title: "Serial", number: true },
                  { title: "Took", number: true }];

export class LoadChart {
  constructor() {
    this.loads = [];
    this.zones = [];
    this.plot = new Plot({
      id: "loads",
      title: "Zone loads",
      note: "one mark each, as high as it took long",
      height: 170,
      wide: true,
      unit: units.seconds,
      nothing: "No zone was loaded in this range.",
      options: (_, theme) => this.#options(theme),
      read: (index) => this.#read(index),
    });
  }

  get figure() { return this.plot.figure; }

  show(window) {
    this.loads = window.loads.filter((load) => load.time >= window.from).sort((a, b) => a.time - b.time);
    this.zones = [...new Set(this.loads.map((load) => load.zone))].sort();
    const by_zone = this.zones.map((zone) => this.loads.map((load) => (load.zone === zone ? load.seconds : null)));
    const none = this.loads.length === 0;
    this.plot.set_legend(this.zones.map((zone, i) => ({ key: zone, label: name_of(zone), slot: i % kSlots + 1 })));
    this.plot.draw({
      data: none ? [[window.from, window.to], [null, null]] : [this.loads.map((load) => load.time), ...by_zone],
      shape: `zones ${this.zones.join(" ")}`,
      range: [window.from, window.to],
      resting: this.loads.length - 1,
      summary: none ? "" : this.#summary(),
    });
    this.#show_table();
  }

  #options(theme) {
    const zones = this.zones.length ? this.zones : [""];
    const series = zones.map((zone, i) => ({
      label: zone,
      stroke: theme.series(i + 1),
      paths: () => null,
      points: { show: false },
    }));
    return {
      series: [{}, ...series],
      cursor: { ...time_cursor, points: { size: 9 } },
      x_axis: time_axis,
      hooks: { drawSeries: [(u, index) => paint_marks(u, index, theme)] },
    };
  }

  // The latest load of each zone up to the one at the index.
  #read(index) {
    const load = this.loads[index];
    if (!load) return { when: "", values: [] };
    const latest = (zone) => this.loads.findLast((one) => one.zone === zone && one.time <= load.time);
    return { when: utc(load.time), values: this.zones.map((zone) => text_of(latest(zone))) };
  }

  #summary() {
    const slowest = this.loads.reduce((a, b) => (b.seconds > a.seconds ? b : a));
    const loads = this.loads.length === 1 ? "1 load" : `${this.loads.length} loads`;
    return `${loads} in this range; the slowest ${name_of(slowest.zone)} ${text_of(slowest)}.`;
  }

  #show_table() {
    const latest = this.loads.slice(-kRowsShown).reverse();
    const rows = latest.map((load) =>
      [`${date_and_month(load.time)} ${clock(load.time)}`,
       name_of(load.zone), String(load.serial), `${number(load.seconds)}\u00a0s`]);
    const described = JSON.stringify(rows);
    if (described === this.described) return;
    this.described = described;
    this.plot.below.replaceChildren(...(rows.length ? [table("Latest zone loads", kColumns, rows)] : []));
  }
}

const text_of = (load) =>
  (load ? `serial ${load.serial} at ${clock(load.time)} in ${number(load.seconds)}\u00a0s` : "not loaded yet");
const name_of = (zone) => (zone === "." ? ". (root)" : zone);

function paint_marks(u, index, theme) {
  const pen = u.ctx;
  const ratio = uPlot.pxRatio;
  const floor = u.bbox.top + u.bbox.height;
  pen.save();
  pen.strokeStyle = pen.fillStyle = theme.series(index);
  pen.lineWidth = 2 * ratio;
  pen.setLineDash(dash_of(index).map((part) => part * ratio));
  u.data[index].forEach((seconds, i) => {
    if (seconds === null) return;
    paint_mark(pen, u.valToPos(u.data[0][i], "x", true), u.valToPos(seconds, "y", true), floor, 4 * ratio);
  });
  pen.restore();
}

function paint_mark(pen, x, y, floor, radius) {
  pen.beginPath();
  pen.moveTo(x, floor);
  pen.lineTo(x, y);
  pen.stroke();
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
