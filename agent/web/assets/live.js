// The link to the server: JSON by request, points by server-sent events. Knows whether the points still come.
import { now, utc } from "./format.js";

const kRequestTimeout = 8000;  // ms
const kSilence = 35;           // s: three points of ten seconds missed, and a little
const kReopen = 10;            // s, after the browser has given up

export async function fetch_json(path) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), kRequestTimeout);
  try {
    const reply = await fetch(path, { signal: abort.signal, cache: "no-store" });
    if (!reply.ok) throw new Error(`${path} answered ${reply.status}`);
    return await reply.json();
  } catch (error) {
    throw error.name === "AbortError" ? new Error(`${path} did not answer in time`) : error;
  } finally {
    clearTimeout(timer);
  }
}

// Calls on_point(point) for each point, on_back() when the stream has come back after a break, and
// on_state(text, live) when what can be said of it changes. Rests while nobody looks at the page.
export class LiveStream {
  constructor(path, { on_point, on_back, on_state }) {
    Object.assign(this, { path, on_point, on_back, on_state });
    this.source = null;
    this.heard = now();
    this.broken_since = null;
    this.was_open = false;
    setInterval(() => this.#check(), 1000);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#open()));
    if (!document.hidden) this.#open();
  }

  #open() {
    this.source?.close();
    this.opened = now();
    this.source = new EventSource(this.path);
    this.source.addEventListener("open", () => this.#on_open());
    this.source.addEventListener("error", () => this.#on_break(now()));
    this.source.addEventListener("point", (event) => this.#on_event(event));
  }

  // Browsers allow a server few connections at a time, and hidden pages must not use them up.
  #rest() {
    this.source?.close();
    this.source = null;
  }

  #on_open() {
    this.heard = now();
    if (this.was_open) this.on_back();
    this.was_open = true;
    this.#on_live();
  }

  #on_event(event) {
    this.heard = now();
    this.#on_live();
    try {
      this.on_point(JSON.parse(event.data));
    } catch (error) {
      console.error("a point of the live stream could not be used", error);
    }
  }

  #on_live() {
    this.broken_since = null;
    this.on_state("Live: a new point every 10 seconds.", true);
  }

  #on_break(since) {
    this.broken_since ??= since;
    this.on_state(`Not live since ${utc(this.broken_since)}; trying again.`, false);
  }

  #check() {
    if (!this.source) return;
    if (now() - this.heard > kSilence) this.#on_break(this.heard);
    const given_up = this.source.readyState === EventSource.CLOSED;
    if (given_up && now() - this.opened >= kReopen) this.#open();
  }
}
