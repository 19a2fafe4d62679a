// Numbers, units and times as text. Pure. All times are Unix seconds and are shown in UTC.

// A unit: `axis` are the steps [factor, words] an axis may be drawn in, `text` those of a single value;
// both from the largest to the smallest.
function metric(name) {
  const steps = [[1e9, `G${name}`], [1e6, `M${name}`], [1e3, `k${name}`], [1, name]];
  return { axis: steps, text: steps };
}

function worded(name) {
  const axis = [[1e6, `million ${name}`], [1e3, `thousand ${name}`], [1, name]];
  return { axis, text: [[1, name]] };
}

const kTimeSteps = [[1e6, "s"], [1e3, "ms"], [1, "µs"]];

export const units = {
  queries: metric("q/s"),
  bytes: metric("B/s"),
  bits: metric("bit/s"),
  answers: worded("answers/s"),
  messages: worded("per second"),
  sources: worded("sources"),
  connections: worded("connections"),
  percent: { axis: [[1, "%"]], text: [[1, "%"]] },
  microseconds: { axis: kTimeSteps, text: kTimeSteps },
  seconds: { axis: [[1, "s"]], text: [[1, "s"]] },
};

export function step_for(steps, value) {
  return steps.find(([factor]) => Math.abs(value) >= factor) ?? steps[steps.length - 1];
}

export function grouped(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

// Three significant digits, but never fewer than the whole part.
export function number(value) {
  if (Math.abs(value) >= 99.95) return grouped(value);
  return String(Number(value.toPrecision(3)));
}

export function with_unit(value, unit) {
  if (value === null || value === undefined) return "no data";
  const [factor, name] = step_for(unit.text, value);
  return `${number(value / factor)}${name === "%" ? "" : "\u00a0"}${name.replaceAll(" ", "\u00a0")}`;
}

export function count(value) {
  return Number.isFinite(value) ? grouped(value) : "no data";
}

// Short enough for a cell of the heat table: 1234567 is "1.23 M".
export function short_count(value) {
  if (value < 1e4) return grouped(value);
  const [factor, name] = step_for([[1e9, "G"], [1e6, "M"], [1e3, "k"]], value);
  return `${number(value / factor)}\u00a0${name}`;
}

const kMonths = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const iso = (time) => new Date(time * 1000).toISOString();
export const clock = (time) => iso(time).slice(11, 19);
export const clock_minutes = (time) => iso(time).slice(11, 16);
export const utc = (time) => `${clock(time)} UTC`;
export const day = (time) => iso(time).slice(0, 10);
export const now = () => Math.floor(Date.now() / 1000);

export function date_and_month(time) {
  const [, month, date] = day(time).split("-");
  return `${Number(date)}\u00a0${kMonths[Number(month) - 1]}`;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
