// Bars over classes of size or of time, from /api/now. The height is the share of the whole in per cent, so
// that UDP and TCP can be compared although there is far less of one.
import { count, grouped, number, step_for, units } from "./format.js";
import { Plot } from "./plot.js";
import { hatch, translucent } from "./theme.js";

const kMostBars = 32;

export class BarChart {
  // spec: as for Plot, and
  //   sets      [{label, mark}], at most two; the second is hatched
  //   whole     what the bars are parts of, for the texts
  //   tick      the text of a class [low, high] on the axis; high is null if it has no end
  //   range     its text in a sentence
  constructor(spec) {
    this.spec = spec;
    this.classes = [];
    this.plot = new Plot({
      height: 200,
      unit: units.percent,
      at_rest: "Most common",
      nothing: "No data yet.",
      ...spec,
      options: (_, theme) => this.#options(theme),
      read: (index) => this.#read(index),
    });
    this.plot.set_legend(spec.sets.map((set) => ({ key: set.label, ...set })));
  }

  get figure() { return this.plot.figure; }

  // counts: for each set of the spec a list of [low, high, count]
  show(counts) {
    this.classes = few(trimmed(classes_of(counts)));
    this.totals = counts.map((_, set) => this.classes.reduce((sum, one) => sum + one.counts[set], 0));
    const size = this.classes.length;
    const shares = this.totals.map((total, set) => this.classes.map((one) => share(one.counts[set], total)));
    const most = this.#most_common();
    this.plot.draw({
      data: size ? [this.classes.map((_, i) => i), ...shares] : [[0], ...counts.map(() => [null])],
      shape: `${size} bars`,
      range: [-0.6, Math.max(size, 1) - 0.4],
      resting: most,
      summary: most >= 0 ? this.#summary() : "",
    });
  }

  #options(theme) {
    const pair = this.spec.sets.length > 1;
    const series = this.spec.sets.map(({ label }, set) => ({
      label,
      stroke: theme.series(set + 1),
      fill: (u) => (set === 0 ? translucent(theme.series(1), 0.75) : hatch(u.ctx, theme.series(2), "rising")),
      width: 1,
      paths: uPlot.paths.bars(pair ? { size: [0.42, 40], align: set === 0 ? -1 : 1 } : { size: [0.82, 60] }),
      points: { show: false },
    }));
    return {
      series: [{}, ...series],
      cursor: { points: { show: false } },
      x_axis: {
        grid: { show: false },
        size: 34,
        splits: (u) => this.#ticks(u),
        values: (_, at) => at.map((i) => (this.classes[i] ? this.spec.tick(this.classes[i]) : "")),
      },
    };
  }

  #ticks(u) {
    const room = Math.max(1, Math.floor(u.width / 64));
    const stride = Math.max(1, Math.ceil(this.classes.length / room));
    return this.classes.map((_, i) => i).filter((i) => i % stride === 0);
  }

  #read(index) {
    const one = this.classes[index];
    if (!one) return { when: "", values: [] };
    return {
      when: this.spec.range(one),
      values: one.counts.map((value, set) =>
        this.totals[set] ? `${number(share(value, this.totals[set]))}% (${count(value)})` : "none"),
    };
  }

  #most_common() {
    const weight = (one) => one.counts.reduce((sum, value) => sum + value, 0);
    return this.classes.reduce((best, one, i) =>
      weight(one) > 0 && (best < 0 || weight(one) > weight(this.classes[best])) ? i : best, -1);
  }

  #summary() {
    const { sets, whole, range } = this.spec;
    const parts = sets.map(({ label }, set) => {
      if (!this.totals[set]) return `${label}: none`;
      const most = this.classes.reduce((a, b) => (b.counts[set] > a.counts[set] ? b : a));
      return `${label}: ${grouped(this.totals[set])} ${whole}, most often ${range(most)} ` +
             `(${number(share(most.counts[set], this.totals[set]))}%)`;
    });
    return `${parts.join("; ")}.`;
  }
}

const share = (value, total) => (total > 0 ? (100 * value) / total : 0);

// [{low, high, counts}], one for each class that any of the sets knows, in order.
function classes_of(counts) {
  const by_low = new Map();
  counts.forEach((list, set) => {
    for (const [low, high, value] of list ?? []) {
      if (!by_low.has(low)) by_low.set(low, { low, high, counts: counts.map(() => 0) });
      by_low.get(low).counts[set] += value;
    }
  });
  return [...by_low.values()].sort((a, b) => a.low - b.low);
}

// Without the empty classes at both ends.
function trimmed(classes) {
  const used = (one) => one.counts.some((value) => value > 0);
  const first = classes.findIndex(used);
  return first < 0 ? [] : classes.slice(first, classes.findLastIndex(used) + 1);
}

// Neighbouring classes put together until there are no more than can be told apart.
function few(classes) {
  const together = Math.ceil(classes.length / kMostBars);
  if (together <= 1) return classes;
  const bars = [];
  for (let i = 0; i < classes.length; i += together) bars.push(joined(classes.slice(i, i + together)));
  return bars;
}

function joined(classes) {
  const counts = classes[0].counts.map((_, set) => classes.reduce((sum, one) => sum + one.counts[set], 0));
  return { low: classes[0].low, high: classes[classes.length - 1].high, counts };
}

function time_text(us) {
  const [factor, name] = step_for(units.microseconds.axis, us);
  return `${number(us / factor)}\u00a0${name}`;
}

const size_spec = {
  sets: [{ label: "UDP", mark: "bar-solid" }, { label: "TCP", mark: "bar-hatched" }],
  tick: ({ low, high }) => (high === null ? `${low}+` : String(low)),
  range: ({ low, high }) => (high === null ? `${low} octets and more` : `${low} to ${high} octets`),
};

export const bar_specs = {
  query_sizes: { ...size_spec, id: "query-sizes", title: "Query sizes", note: "octets of the DNS message",
    whole: "queries" },
  answer_sizes: { ...size_spec, id: "answer-sizes", title: "Answer sizes", note: "octets of the DNS message",
    whole: "answers" },
  times: { id: "time-histogram", title: "How long answers took", note: "so far", whole: "answers",
    sets: [{ label: "Answers", mark: "bar-solid" }],
    tick: ({ low, high }) => (high === null ? `> ${time_text(low)}` : `≤ ${time_text(high)}`),
    range: ({ low, high }) => (high === null ? `more than ${time_text(low)}` :
      `${low > 0 ? `${time_text(low)} to` : "up to"} ${time_text(high)}`) },
};

// [[upper, count], ...] as [[low, high, count], ...]
export function time_classes(times) {
  return (times ?? []).map(([upper, value], i) => [i === 0 ? 0 : times[i - 1][0], upper, value]);
}
