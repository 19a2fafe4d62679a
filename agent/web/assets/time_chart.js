// Lines or stacked areas over the time axis which all charts of the page share, with one cursor for all.
import { clock_minutes, date_and_month, day, utc, with_unit } from "./format.js";
import { Plot } from "./plot.js";
import { index_of_highest, last_known_index, mean, sum } from "./series.js";
import { dash_of, translucent } from "./theme.js";

const kTickSteps = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600];

export const time_cursor = { sync: { key: "time" } };

// uPlot options of the time axis: hours and minutes, with the day below where it begins.
export const time_axis = {
  space: 62,
  incrs: kTickSteps,
  size: 46,
  values: (_, splits) => splits.map((time, i) => {
    const new_day = i === 0 || day(time) !== day(splits[i - 1]);
    return new_day ? `${clock_minutes(time)}\n${date_and_month(time)} UTC` : clock_minutes(time);
  }),
};

export class TimeChart {
  // spec: as for Plot, and
  //   lines(window)   [{key, label, values, slot}], from the bottom up if stacked
  //   stacked         whether they are parts of a whole
  //   total           what that whole is called in the summary
  //   top             fixed upper end of the y axis
  constructor(spec) {
    this.spec = spec;
    this.lines = [];
    this.off = new Set();
    this.plot = new Plot({
      height: 200,
      ...spec,
      options: (_, theme) => this.#options(theme),
      read: (index) => this.#read(index),
      toggle: (key) => this.#toggle(key),
    });
  }

  get figure() { return this.plot.figure; }

  show(window) {
    this.window = window;
    this.lines = this.spec.lines(window);
    this.#draw();
  }

  get #shown() { return this.lines.filter((line) => !this.off.has(line.key)); }

  #draw() {
    const { window } = this;
    const shown = this.#shown;
    const total = sum(this.lines.map((line) => line.values), window.times.length);
    this.plot.set_legend(this.lines.map(({ key, label, slot }) => ({ key, label, slot, off: this.off.has(key) })));
    this.plot.draw({
      data: [window.times, ...(this.spec.stacked ? cumulated(shown) : shown.map((line) => line.values))],
      shape: `${shown.map((line) => line.key).join(" ")} of ${this.lines.length}`,
      range: [window.from, window.to],
      resting: last_known_index(total),
      summary: this.spec.total ? this.#total_summary(total) : this.#lines_summary(),
    });
  }

  #options(theme) {
    const shown = this.#shown;
    const { stacked, top } = this.spec;
    const series = shown.map(({ label, slot }) => ({
      label,
      stroke: theme.series(slot),
      width: 1.75,
      dash: dash_of(slot),
      fill: stacked ? translucent(theme.series(slot), 0.28) : undefined,
      points: { show: false, filter: lonely_points, size: 4, fill: theme.series(slot) },
    }));
    return {
      series: [{}, ...series],
      bands: stacked ? shown.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : [],
      scales: top ? { y: { range: [0, top] } } : {},
      cursor: { ...time_cursor, points: { size: 7 } },
      x_axis: time_axis,
    };
  }

  #read(index) {
    return {
      when: utc(this.window.times[index]),
      values: this.lines.map((line) => with_unit(line.values[index], this.spec.unit)),
    };
  }

  #toggle(key) {
    if (!this.off.delete(key)) this.off.add(key);
    this.#draw();
  }

  #total_summary(total) {
    const last = last_known_index(total);
    if (last < 0) return "";
    const highest = index_of_highest(total);
    const text = (value) => with_unit(value, this.spec.unit);
    const { times } = this.window;
    return `${this.spec.total}: ${text(total[last])} at ${utc(times[last])}; in this range ` +
           `${text(mean(total))} on average, ${text(total[highest])} at most (${utc(times[highest])}).`;
  }

  #lines_summary() {
    const highest = this.lines.map(({ label, values }) => {
      const at = index_of_highest(values);
      return at < 0 ? null : `${label} ${with_unit(values[at], this.spec.unit)}`;
    });
    return `Highest in this range: ${highest.filter(Boolean).join(", ")}.`;
  }
}

// Each line on top of those before it; a gap only where none of them is known.
function cumulated(lines) {
  return lines.map((_, i) => sum(lines.slice(0, i + 1).map((line) => line.values), lines[i].values.length));
}

// A value between two gaps has no line to be seen by, so it gets a point.
function lonely_points(u, index) {
  const values = u.data[index];
  const known = (i) => (values[i] ?? null) !== null;
  const lonely = values.flatMap((_, i) => (known(i) && !known(i - 1) && !known(i + 1) ? [i] : []));
  return lonely.length ? lonely : null;
}
