// Keeps the part of the page which the server renders up to date without loading the page again, which would
// throw the charts away. That part is the element with the id "state"; without one this does nothing.
import { element, set_text } from "./dom.js";
import { now, utc } from "./format.js";

const kInterval = 5000;  // ms
const kTimeout = 4000;

// `events`: a stream of server-sent events; at each named "state" the page is renewed at once.
export function keep_state_fresh({ events } = {}) {
  const state = document.getElementById("state");
  if (!state) return;
  const warning = element("p", { class: "fresh old", role: "alert" });
  state.before(warning);
  let good = now();
  const renew = async () => {
    if (document.hidden) return;
    const fresh = await fetch_state().catch(() => null);
    if (fresh) {
      good = now();
      replace_changed(state, fresh);
      document.title = fresh.ownerDocument.title;
    }
    set_text(warning, fresh ? "" : `The state below could not be renewed since ${utc(good)}: do not rely on it.`);
  };
  setInterval(renew, kInterval);
  document.addEventListener("visibilitychange", renew);
  if (events) new EventSource(events).addEventListener("state", renew);
}

async function fetch_state() {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), kTimeout);
  try {
    const reply = await fetch(location.pathname, { signal: abort.signal, cache: "no-store" });
    if (!reply.ok) return null;
    return new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("state");
  } finally {
    clearTimeout(timer);
  }
}

// Child by child, so that a screen reader speaks only of what is new.
function replace_changed(state, fresh) {
  const [old_parts, new_parts] = [[...state.children], [...fresh.children]];
  if (old_parts.length !== new_parts.length) {
    state.replaceChildren(...new_parts);
    return;
  }
  old_parts.forEach((part, i) => {
    if (part.outerHTML === new_parts[i].outerHTML) return;
    keep_open(part, new_parts[i]);
    part.replaceWith(new_parts[i]);
  });
}

// What the reader has opened stays open.
function keep_open(part, fresh) {
  const opened = [part, ...part.querySelectorAll("details")].map((one) => one.open === true);
  [fresh, ...fresh.querySelectorAll("details")].forEach((one, i) => {
    if (opened[i]) one.open = true;
  });
}
