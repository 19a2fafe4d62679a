// Which time charts the page has, in which order, and from which series each is drawn. The names are those of
// /api/series.
import { units } from "./format.js";
import { mean, sum } from "./series.js";
import { kSlots } from "./theme.js";

// One line for each pair [name, label], whether the server knows the name or not.
const fixed = (...pairs) => (window) =>
  pairs.map(([name, label], i) => ({ key: name, label, slot: i + 1, values: window.values(name) }));

// One line for each name with the prefix, the busiest first, and one for the rest. The choice is kept until
// the window is loaded anew or a name is added, so that lines do not change places while one looks.
function busiest(prefix, rest_label, rest_name = null) {
  let chosen = { window: null, names: [], count: 0 };
  return (window) => {
    const all = window.names(prefix).filter((name) => name !== rest_name);
    if (chosen.window !== window || chosen.count !== all.length) {
      chosen = { window, count: all.length, names: by_mean(window, all).slice(0, kSlots - 1) };
    }
    const lines = chosen.names.map((name, i) =>
      ({ key: name, label: name.slice(prefix.length), slot: i + 1, values: window.values(name) }));
    const rest = [...all.filter((name) => !chosen.names.includes(name)),
                  ...window.names(prefix).filter((name) => name === rest_name)];
    return rest.length ? [...lines, rest_line(window, prefix, rest_label, rest)] : lines;
  };
}

function by_mean(window, names) {
  const means = new Map(names.map((name) => [name, mean(window.values(name)) ?? -1]));
  return [...names].sort((a, b) => means.get(b) - means.get(a));
}

function rest_line(window, prefix, label, names) {
  const values = sum(names.map((name) => window.values(name)), window.times.length);
  return { key: `${prefix}(rest)`, label, slot: kSlots, values };
}

const kTransports = [["udp.ipv4", "UDP over IPv4"], ["udp.ipv6", "UDP over IPv6"],
                     ["tcp.ipv4", "TCP over IPv4"], ["tcp.ipv6", "TCP over IPv6"]];
const by_transport = (direction) => fixed(...kTransports.map(([path, label]) => [`${direction}.${path}`, label]));

function protocol_share(window) {
  const length = window.times.length;
  const family = (name) =>
    sum([window.values(`queries.udp.${name}`), window.values(`queries.tcp.${name}`)], length);
  const [v4, v6] = [family("ipv4"), family("ipv6")];
  const total = sum([v4, v6], length);
  const share = (values) => values.map((value, i) => (total[i] > 0 ? (100 * (value ?? 0)) / total[i] : null));
  return [{ key: "ipv4", label: "IPv4", slot: 1, values: share(v4) },
          { key: "ipv6", label: "IPv6", slot: 2, values: share(v6) }];
}

const kQueries = [
  { id: "queries", title: "Queries by transport and address family", unit: units.queries, stacked: true,
    total: "All queries", wide: true, height: 240, lines: by_transport("queries") },
  { id: "query-types", title: "Query types", unit: units.queries, stacked: true, total: "All types",
    lines: busiest("type.", "other types", "type.other") },
  { id: "attributes", title: "Query attributes", note: "a query can have several", unit: units.queries,
    lines: fixed(["attribute.edns", "EDNS"], ["attribute.do", "DNSSEC wanted (DO)"],
                 ["attribute.cookie", "cookie"], ["attribute.rd", "recursion desired (RD)"],
                 ["attribute.cd", "checking disabled (CD)"], ["attribute.idn", "IDN name"],
                 ["attribute.chaos", "class CHAOS"]) },
  { id: "servers", title: "Server address asked", unit: units.queries, stacked: true, total: "All addresses",
    lines: busiest("server.", "other addresses") },
  { id: "protocol-share", title: "Share of IPv4 and IPv6", note: "of all queries", unit: units.percent,
    stacked: true, top: 100, lines: protocol_share },
  { id: "sources", title: "Distinct sources", note: "so far this UTC day", unit: units.sources,
    lines: fixed(["sources.ipv4", "IPv4 addresses"], ["sources.ipv6", "IPv6 addresses"],
                 ["sources.ipv6-aggregate", "IPv6 networks (/64)"]) },
];

const kAnswers = [
  { id: "answers", title: "Answers by transport and address family", unit: units.answers, stacked: true,
    total: "All answers", lines: by_transport("responses") },
  { id: "rcodes", title: "Response codes", unit: units.answers, stacked: true, total: "All codes",
    lines: busiest("rcode.", "other codes") },
  { id: "answer-times", title: "Time to answer", note: "inside the server", unit: units.microseconds,
    lines: fixed(["time.p50", "half within (p50)"], ["time.p90", "90 % within (p90)"],
                 ["time.p99", "99 % within (p99)"]) },
  { id: "exceptions", title: "Truncated, limited and malformed", unit: units.messages,
    lines: fixed(["truncated", "truncated answers"], ["limited", "rate-limited answers"],
                 ["malformed", "malformed queries"]) },
];

const kTraffic = [
  { id: "dns-traffic", title: "DNS traffic", note: "octets of DNS messages", unit: units.bytes,
    lines: fixed(["bytes.in", "queries in"], ["bytes.out", "answers out"]) },
  { id: "link-traffic", title: "Link traffic", note: "bits on the wire", unit: units.bits,
    lines: fixed(["link.in", "in"], ["link.out", "out"]) },
  { id: "connections", title: "Open TCP connections", unit: units.connections, wide: true, height: 160,
    lines: fixed(["tcp.connections", "open"]) },
];

export const catalogue = { queries: kQueries, answers: kAnswers, traffic: kTraffic };
