// Builds the traffic section of the ops page from what Telemetry has last put into its series. Called by
// ops_page. A label that somebody has asked for is foreign text: it passes label_text() and escape_html().
#include "agent/web/attack_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "agent/web/frame.h"
#include "agent/web/text.h"

namespace imrs::web {
namespace {

constexpr std::size_t kTopTypes = 8, kTopLabels = 10;

// Kinds that did not occur have no value.
double known(double value) { return std::isfinite(value) ? value : 0; }

double path_rate(const Telemetry& telemetry, const char* what, Transport transport, Family family) {
  return telemetry.last(fmt::format("{}.{}.{}", what, to_string(transport), to_string(family)));
}

std::string whole(double value) {
  return std::isfinite(value) ? grouped(static_cast<std::uint64_t>(std::llround(std::max(value, 0.0)))) : "-";
}

std::string row(std::string_view term, std::string_view text) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", term, escape_html(text));
}

std::string verdict_html(const counts::Rates& rates) {
  const std::vector<counts::Finding> found = counts::findings(rates);
  if (found.empty()) return fmt::format("<p>{}.</p>\n", escape_html(counts::verdict_text(rates)));
  std::string html = "<ul class=\"box alarms\">\n";
  for (const counts::Finding& finding : found)
    html += fmt::format("<li>{}</li>\n", escape_html(finding.text));
  return html + "</ul>\n";
}

std::string paths_table(const Telemetry& telemetry) {
  std::string html =
      "<div class=\"box\"><table class=\"stack\">\n<thead><tr><th>Path</th>"
      "<th class=\"number\">Queries a second</th><th class=\"number\">Responses a second</th></tr></thead>\n"
      "<tbody>\n";
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      html += fmt::format(
          "<tr><td data-label=\"Path\"><span>{} {}</span></td>"
          "<td class=\"number\" data-label=\"Queries a second\"><span>{}</span></td>"
          "<td class=\"number\" data-label=\"Responses a second\"><span>{}</span></td></tr>\n",
          transport == Transport::Udp ? "UDP" : "TCP", family_text(family),
          whole(path_rate(telemetry, "queries", transport, family)),
          whole(path_rate(telemetry, "responses", transport, family)));
    }
  }
  return html + "</tbody></table></div>\n";
}

using Share = std::pair<std::string, double>;

std::string shares_text(std::vector<Share> all, double total, std::size_t most) {
  std::ranges::stable_sort(all, std::greater{}, &Share::second);
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), most); ++i) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", all[i].first,
                        counts::percent_text(all[i].second, total));
  }
  return text.empty() ? "none" : text;
}

template <typename Name>
std::vector<Share> kinds(const Telemetry& telemetry, const char* what, std::size_t count, Name name) {
  std::vector<Share> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text(name(i));
    if (const double rate = telemetry.last(what + text); rate > 0) out.emplace_back(std::move(text), rate);
  }
  return out;
}

// Of the day: what is in the series does not tell labels apart.
std::string labels_text(const Telemetry& telemetry, std::int64_t now_ms) {
  std::string text;
  for (const counts::MissingName& name : telemetry.missing(now_ms, kTopLabels)) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts::label_text(name.label),
                        grouped(name.count));
  }
  return text.empty() ? "none" : text;
}

}  // namespace

counts::Rates rates_of(const Telemetry& telemetry) {
  counts::Rates rates;
  rates.seconds = static_cast<double>(Series::kStep);
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      const double queries = known(path_rate(telemetry, "queries", transport, family));
      rates.queries += queries;
      if (transport == Transport::Tcp) rates.tcp_queries += queries;
      rates.responses += known(path_rate(telemetry, "responses", transport, family));
    }
  }
  rates.nxdomain = known(telemetry.last("rcode.NXDOMAIN"));
  rates.limited = known(telemetry.last("limited"));
  rates.malformed = known(telemetry.last("malformed"));
  for (std::size_t i = 0; i < kCountedTypes; ++i) {
    if (counts::is_amplifying(i)) rates.amplifying += known(telemetry.last("type." + counts::type_name(i)));
  }
  rates.query_octets = telemetry.last("bytes.in");
  rates.link_in = telemetry.last("link.in");
  rates.link_out = telemetry.last("link.out");
  rates.line = counts::line_of(telemetry.settings().appliance);
  return rates;
}

std::string link_load(const Telemetry& telemetry, const std::string& name) {
  return counts::load_text(telemetry.last(name), counts::line_of(telemetry.settings().appliance));
}

std::string attack_section(const Telemetry& telemetry, std::int64_t now_ms) {
  const counts::Rates rates = rates_of(telemetry);
  std::string html = "<h2>Traffic in the last ten seconds</h2>\n" + verdict_html(rates);
  html += paths_table(telemetry) + "<div class=\"card\"><dl>\n";
  html += row("Link in", link_load(telemetry, "link.in"));
  html += row("Link out", link_load(telemetry, "link.out"));
  html += row("Limited",
              fmt::format("{} of the responses by the rate limit, {} truncated in all",
                          counts::percent_text(rates.limited, rates.responses),
                          counts::percent_text(known(telemetry.last("truncated")), rates.responses)));
  html += row("Malformed", counts::percent_text(rates.malformed, rates.queries) + " of the queries");
  html += row("Responses", shares_text(kinds(telemetry, "rcode.", kRcodes, counts::rcode_name),
                                       rates.responses, kTopTypes));
  html += row("Types", shares_text(kinds(telemetry, "type.", kCountedTypes, counts::type_name), rates.queries,
                                   kTopTypes));
  html += row("Last labels that do not exist, today", labels_text(telemetry, now_ms));
  return html +
         "</dl><p class=\"soft\"><code>imrsctl attack-report</code> says more: what sockets and kernel "
         "have lost, delegations, malformed by kind.</p></div>\n";
}

}  // namespace imrs::web
