// The decision of each neighbour and address family as bands along the time axis. A phase is told by its word
// and its hatching as well as by its colour, an announced route by a solid bar beneath the band.
import { element } from "./dom.js";
import { duration, utc } from "./format.js";
import { Plot } from "./plot.js";
import { hatch, translucent } from "./theme.js";
import { time_axis, time_cursor } from "./time_chart.js";

const kRow = 46;  // CSS pixels for one neighbour: its name, then the band
const kBandTop = 18;
const kBandHeight = 20;
const kRouteBar = 3;
const kAxisHeight = 46;
const kPadding = 10;
const kPhases = {
  up: { color: "--good", kind: null },
  rising: { color: "--warning", kind: "rising" },
  falling: { color: "--warning", kind: "falling" },
  down: { color: "--bad", kind: "cross" },
};
const kUnknown = { color: "--unknown", kind: "cross" };

export class PhaseChart {
  constructor() {
    this.tracks = [];
    this.plot = new Plot({
      id: "phases",
      title: "Decision for each neighbour",
      note: "solid bar beneath: route announced",
      height: 2 * kRow + kAxisHeight + kPadding,
      wide: true,
      options: (_, theme) => ({
        series: [{}, { points: { show: false } }],
        cursor: { ...time_cursor, points: { show: false } },
        x_axis: time_axis,
        y_axis: { show: true, side: 3, size: 52, values: () => [], grid: { show: false }, ticks: { show: false } },
        hooks: { draw: [(u) => this.#paint(u, theme)] },
      }),
      read: (index) => this.#read(this.#time_at(index)),
    });
    this.plot.below.append(phase_key());
  }

  get figure() { return this.plot.figure; }

  show(window) {
    this.window = window;
    this.tracks = window.phases;
    const rows = Math.max(1, this.tracks.length);
    this.plot.spec.height = rows * kRow + kAxisHeight + kPadding;
    this.plot.stage.style.minHeight = `${this.plot.spec.height}px`;
    this.plot.set_legend(this.tracks.map((track) => ({ key: name_of(track), label: name_of(track) })));
    this.plot.draw({
      data: [window.times, window.times.map(() => null)],
      shape: `${rows} rows`,
      range: [window.from, window.to],
      resting: this.tracks.some((track) => track.bands.length) ? window.times.length - 1 : -1,
      summary: `${this.tracks.map((track) => summary_of(track, window)).join("; ")}.`,
    });
  }

  // At the last index what holds at the end of its step, which is now.
  #time_at(index) {
    const { times, to } = this.window;
    return index === times.length - 1 ? to : times[index];
  }

  #read(time) {
    const values = this.tracks.map((track) => {
      const band = band_at(track, time);
      return band ? words(band) : "not known";
    });
    return { when: utc(time), values };
  }

  #paint(u, theme) {
    const pen = u.ctx;
    const ratio = uPlot.pxRatio;
    pen.save();
    pen.beginPath();
    pen.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    pen.clip();
    pen.font = `${12 * ratio}px system-ui, sans-serif`;
    pen.textBaseline = "middle";
    this.tracks.forEach((track, row) => {
      const top = u.bbox.top + row * kRow * ratio;
      pen.fillStyle = theme.soft;
      pen.textAlign = "left";
      pen.fillText(name_of(track), u.bbox.left + 6 * ratio, top + 9 * ratio);
      for (const band of track.bands) paint_band(u, theme, band, top + kBandTop * ratio);
    });
    pen.restore();
  }
}

const name_of = (track) => `${track.neighbour} ${track.family === "ipv4" ? "IPv4" : "IPv6"}`;
const words = (band) => `${band.phase}, ${band.announced ? "announced" : "not announced"}`;
// Bands follow each other without gaps, and the last one goes on.
const band_at = (track, time) => track.bands.findLast((band) => band.from <= time);

function paint_band(u, theme, band, top) {
  const pen = u.ctx;
  const ratio = uPlot.pxRatio;
  const { color, kind } = kPhases[band.phase] ?? kUnknown;
  const paint = theme.color(color);
  const left = Math.max(u.valToPos(band.from, "x", true), u.bbox.left);
  const right = Math.min(u.valToPos(band.to, "x", true), u.bbox.left + u.bbox.width);
  const width = Math.max(right - left, 2 * ratio);  // a short phase must not vanish
  const height = kBandHeight * ratio;
  if (right < left) return;
  pen.fillStyle = kind ? hatch(pen, paint, kind, translucent(paint, 0.12)) : translucent(paint, 0.22);
  pen.fillRect(left, top, width, height);
  pen.fillStyle = paint;
  pen.fillRect(left, top, ratio, height);
  if (band.announced) pen.fillRect(left, top + height, width, kRouteBar * ratio);
  write_phase(pen, theme, band.phase, left + width / 2, top + height / 2, width);
}

function write_phase(pen, theme, text, x, y, room) {
  const ratio = uPlot.pxRatio;
  const width = pen.measureText(text).width + 8 * ratio;
  if (width + 4 * ratio > room) return;
  pen.fillStyle = theme.card;
  pen.fillRect(x - width / 2, y - 8 * ratio, width, 16 * ratio);
  pen.fillStyle = theme.text;
  pen.textAlign = "center";
  pen.fillText(text, x, y + ratio);
}

function summary_of(track, window) {
  const last = track.bands[track.bands.length - 1];
  if (!last) return `${name_of(track)}: not known`;
  const changes = track.bands.length - 1;
  const counted = changes === 0 ? "no change" : `${changes} change${changes > 1 ? "s" : ""}`;
  const since = last.from > window.from ? `since ${utc(last.from)}` : "throughout";
  return `${name_of(track)}: ${words(last)} ${since} (${duration(window.to - Math.max(last.from, window.from))}), ` +
         `${counted} in this range`;
}

function phase_key() {
  const items = Object.keys(kPhases).map((phase) =>
    element("li", {}, element("span", { class: `mark phase-${phase}`, "aria-hidden": true }), phase));
  return element("ul", { class: "legend" }, ...items);
}
