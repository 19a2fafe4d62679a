// What /api/series said, kept as a window in time that moves along with the points of the live stream.
// Owns the data and nothing of the page. Times are Unix seconds and name the start of a step.

export class SeriesWindow {
  // seconds: the range asked for; the reply may hold less. now: where the window ends if it holds nothing.
  constructor(reply, seconds, now) {
    this.seconds = seconds;
    this.step = reply.step || 10;
    const points = reply.points || 0;
    const start = points > 0 ? reply.start : now - this.step;
    this.times = Array.from({ length: Math.max(points, 1) }, (_, i) => start + i * this.step);
    this.series = new Map();
    if (points > 0) this.#take(reply.series ?? {}, points);
    this.phases = reply.phases ?? [];
    this.loads = reply.loads ?? [];
  }

  get last_time() { return this.times[this.times.length - 1]; }
  get to() { return this.last_time + this.step; }
  get from() { return this.to - this.seconds; }

  // Always as long as `times`; all null for a name the server does not know.
  values(name) {
    return this.series.get(name) ?? new Array(this.times.length).fill(null);
  }

  names(prefix) {
    return [...this.series.keys()].filter((name) => name.startsWith(prefix));
  }

  // False if the range has to be asked for again: steps are missing between, or the steps are longer than the
  // stream's, so that one point is not a whole step, and one more of them has passed.
  append(point, stream_step) {
    this.first_heard ??= point.time;
    if (this.step !== stream_step) return point.time - this.first_heard < this.step;
    const ahead = Math.round((point.time - this.last_time) / this.step);
    if (ahead <= 0) return true;
    if (ahead > 1) return false;
    this.#push(this.last_time + this.step, point.series ?? {});
    return true;
  }

  // Takes the phases and loads of a later, shorter reply in place of what was known of its time.
  merge_events(reply, seconds) {
    if (!reply.points) return;
    const since = reply.start + reply.points * reply.step - seconds;
    this.phases = merge_phases(this.phases, reply.phases ?? [], since);
    const earlier = this.loads.filter((load) => load.time < since);
    this.loads = [...earlier, ...(reply.loads ?? []).filter((load) => load.time >= since)];
  }

  #take(series, points) {
    for (const [name, values] of Object.entries(series)) {
      if (Array.isArray(values) && values.length === points) this.series.set(name, values);
    }
  }

  #push(time, values) {
    for (const name of Object.keys(values)) {
      if (!this.series.has(name)) this.series.set(name, this.values(name));
    }
    this.times.push(time);
    for (const [name, kept] of this.series) kept.push(values[name] ?? null);
    while (this.times.length * this.step > this.seconds) {
      this.times.shift();
      for (const kept of this.series.values()) kept.shift();
    }
  }
}

const same_track = (a, b) => a.neighbour === b.neighbour && a.family === b.family;

function merge_phases(known, fresh, since) {
  const merged = fresh.map((track) => {
    const before = known.find((one) => same_track(one, track))?.bands ?? [];
    const after = track.bands.filter((band) => band.to > since)
      .map((band) => ({ ...band, from: Math.max(band.from, since) }));
    return { ...track, bands: join([...cut(before, since), ...after]) };
  });
  return [...merged, ...known.filter((one) => !fresh.some((track) => same_track(one, track)))];
}

function cut(bands, end) {
  return bands.filter((band) => band.from < end).map((band) => ({ ...band, to: Math.min(band.to, end) }));
}

function join(bands) {
  const joined = [];
  for (const band of bands) {
    const last = joined[joined.length - 1];
    const goes_on = last && last.to >= band.from && last.phase === band.phase &&
                    last.announced === band.announced;
    if (goes_on) last.to = Math.max(last.to, band.to);
    else joined.push({ ...band });
  }
  return joined;
}

export function mean(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

// The index of the largest value, of the last value that is known; -1 if none is.
export function index_of_highest(values) {
  return values.reduce((best, value, i) =>
    value !== null && (best < 0 || value > values[best]) ? i : best, -1);
}

export function last_known_index(values) {
  for (let i = values.length - 1; i >= 0; i--) if (values[i] !== null) return i;
  return -1;
}

// Adds up point by point. Null only where nothing at all is known.
export function sum(arrays, length) {
  const total = new Array(length).fill(null);
  for (const values of arrays) {
    for (let i = 0; i < length; i++) {
      if (values[i] !== null) total[i] = (total[i] ?? 0) + values[i];
    }
  }
  return total;
}
