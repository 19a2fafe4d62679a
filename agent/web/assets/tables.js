// The tables made from /api/now: query type by top-level domain, names that do not exist, and RSSAC002.
import { element, table } from "./dom.js";
import { count, grouped, short_count } from "./format.js";

const kTopLevelDomains = 20;
const kHeatSteps = 8;
const kHeatDecades = 4;
const kPaths = [["udp", "ipv4", "UDP over IPv4"], ["udp", "ipv6", "UDP over IPv6"],
                ["tcp", "ipv4", "TCP over IPv4"], ["tcp", "ipv6", "TCP over IPv6"]];
const kSources = [["num-sources-ipv4", "IPv4 addresses"], ["num-sources-ipv6", "IPv6 addresses"],
                  ["num-sources-ipv6-aggregate", "IPv6 networks (/64)"]];

// A figure whose content is replaced only when it is not the same, so that its scroll position stays.
export class TableFigure {
  constructor({ id, title, note, wide, build }) {
    this.build = build;
    this.content = element("div", {});
    this.figure = element("figure", { id, class: wide ? "wide" : null },
      element("figcaption", {}, title, note ? element("small", {}, note) : null), this.content);
  }

  show(now) {
    const built = this.build(now);
    const fresh = built ?? [element("p", { class: "summary" }, "No data yet.")];
    const same = fresh.map((node) => node.outerHTML).join("") === this.content.innerHTML;
    if (!same) this.content.replaceChildren(...fresh);
  }
}

export const table_specs = {
  heat: { id: "tld-types", title: "Query type by top-level domain", wide: true, build: heat_table,
    note: `the ${kTopLevelDomains} asked for most; the stronger the colour, the more queries` },
  missing: { id: "missing", title: "Names that do not exist", build: missing_table,
    note: "last labels of queries answered with NXDOMAIN" },
  rssac002: { id: "rssac002", title: "RSSAC002 today", build: rssac002_tables, note: "UTC day so far" },
};

function heat_table({ tlds }) {
  const rows = [...(tlds?.rows ?? [])].sort((a, b) => total(b) - total(a)).slice(0, kTopLevelDomains);
  if (!rows.length) return null;
  const highest = Math.max(...rows.flatMap((row) => row[1]));
  const columns = [{ title: "TLD" }, ...tlds.types.map((type) => ({ title: type, number: true })),
                   { title: "All", number: true }];
  const cells = rows.map((row) => [row[0], ...row[1].map((value) => heat_cell(value, highest)),
                                   short_count(total(row))]);
  const busiest = rows.slice(0, 3).map((row) => `${row[0]} ${grouped(total(row))}`);
  return [table("Query type by top-level domain", columns, cells),
          element("p", { class: "summary" }, `Asked for most: ${busiest.join(", ")} queries.`)];
}

const total = ([, counts]) => counts.reduce((sum, value) => sum + value, 0);

// The heat grows with the logarithm, over four powers of ten: what is asked for far less still shows.
function heat_cell(value, highest) {
  const part = 1 + Math.log10(value / highest) / kHeatDecades;
  const heat = value > 0 ? Math.max(1, Math.round(kHeatSteps * part)) : 0;
  return { text: value > 0 ? short_count(value) : "–", class: `heat-${heat}` };
}

function missing_table({ missing }) {
  if (!missing?.length) return null;
  const columns = [{ title: "Label" }, { title: "Queries", number: true },
                   { title: "Too many by at most", number: true }];
  const rows = missing.slice(0, 20).map(({ label, count: seen, error }) => [label, count(seen), count(error)]);
  const most = `Asked for most: ${missing[0].label}, ${count(missing[0].count)} queries.`;
  return [table("Names that do not exist", columns, rows), element("p", { class: "summary" }, most)];
}

function rssac002_tables({ rssac002 }) {
  const volume = rssac002?.["traffic-volume"];
  const sources = rssac002?.["unique-sources"];
  if (!volume && !sources) return null;
  const volumes = kPaths.map(([transport, family, label]) =>
    [label, count(volume?.[`dns-${transport}-queries-received-${family}`]),
     count(volume?.[`dns-${transport}-responses-sent-${family}`])]);
  return [
    table("RSSAC002 traffic volume", [{ title: "Volume" }, { title: "Queries received", number: true },
                                      { title: "Responses sent", number: true }], volumes),
    table("RSSAC002 unique sources", [{ title: "Unique sources" }, { title: "So far", number: true }],
      kSources.map(([key, label]) => [label, count(sources?.[key])])),
    element("p", { class: "summary" }, `Day ${rssac002.day ?? "not known"} (UTC), counted by this instance alone.`),
  ];
}
