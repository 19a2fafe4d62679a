// JSON for the charts. Called by the site for each request, and by the live feed for each point.
#include "agent/web/api_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace imrs::web {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kTopTlds = 40, kTopMissing = 50;

std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Four digits are enough for a chart.
Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  return std::stod(fmt::format("{:.4g}", value));
}

Json series_of(const Window& window) {
  Json out = Json::object();
  for (const auto& [name, values] : window.series) {
    Json& column = out[name] = Json::array();
    for (const float value : values) column.push_back(number(value));
  }
  return out;
}

// Only what is within the window.
Json phases(const Telemetry& telemetry, std::int64_t begin) {
  Json out = Json::array();
  for (const NeighbourBands& one : telemetry.bands()) {
    Json bands = Json::array();
    for (const Band& band : one.bands) {
      if (band.to < begin) continue;
      bands.push_back({{"from", std::max(band.from, begin)},
                       {"to", band.to},
                       {"phase", band.phase},
                       {"announced", band.announced}});
    }
    out.push_back({{"neighbour", one.neighbour}, {"family", to_string(one.family)}, {"bands", bands}});
  }
  return out;
}

Json loads(const Telemetry& telemetry, std::int64_t begin) {
  Json out = Json::array();
  for (const ZoneLoad& load : telemetry.loads()) {
    if (load.time < begin) continue;
    out.push_back(
        {{"time", load.time}, {"zone", load.zone}, {"serial", load.serial}, {"seconds", load.seconds}});
  }
  return out;
}

Json tlds(const counts::Counts& counts) {
  Json types = Json::array(), rows = Json::array();
  for (std::size_t i = 0; i < kNameTypes; ++i) types.push_back(counts::name_type_name(i));
  std::vector<const counts::NameCount*> busiest;
  for (const counts::NameCount& name : counts.names) {
    if (name.total() > 0 && !name.name.empty()) busiest.push_back(&name);
  }
  std::ranges::stable_sort(busiest, std::greater{}, [](const auto* name) { return name->total(); });
  if (busiest.size() > kTopTlds) busiest.resize(kTopTlds);
  for (const auto* name : busiest) rows.push_back({name->name, name->types});
  return {{"types", types}, {"rows", rows}};
}

template <std::size_t N>
Json bins(const std::array<std::uint64_t, N>& counts) {
  Json out = Json::array();
  for (std::size_t i = 0; i < N; ++i) {
    if (counts[i] == 0) continue;
    const std::size_t low = i * kSizeBin;
    out.push_back({low, i + 1 < N ? Json(low + kSizeBin - 1) : Json(nullptr), counts[i]});
  }
  return out;
}

Json sizes(const counts::Counts& counts) {
  Json out;
  for (const Transport transport : kTransports) {
    counts::Traffic sum = counts::sum_of(counts, transport, Family::V4);
    sum += counts::sum_of(counts, transport, Family::V6);
    out["query"][std::string(to_string(transport))] = bins(sum.query_sizes);
    out["response"][std::string(to_string(transport))] = bins(sum.response_sizes);
  }
  return out;
}

Json times(const counts::Counts& counts) {
  Json out = Json::array();
  for (std::size_t i = 0; i < kTimes; ++i) {
    const std::uint64_t count = counts.times[0].bins[i] + counts.times[1].bins[i];
    out.push_back({i + 1 < kTimes ? Json(std::uint64_t{1} << i) : Json(nullptr), count});
  }
  return out;
}

Json missing(const Telemetry& telemetry, std::int64_t now_ms) {
  Json out = Json::array();
  for (const counts::MissingName& name : telemetry.missing(now_ms, kTopMissing)) {
    out.push_back({{"label", counts::label_text(name.label)}, {"count", name.count}, {"error", name.error}});
  }
  return out;
}

Json rssac002(const Telemetry& telemetry) {
  const rssac002::Day& day = telemetry.book().today();
  Json volume = Json::object();
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      const auto& here = day.volumes[static_cast<std::size_t>(transport)][static_cast<std::size_t>(family)];
      const auto key = [&](const char* what) {
        return fmt::format("dns-{}-{}-{}", to_string(transport), what, to_string(family));
      };
      volume[key("queries-received")] = here.queries;
      volume[key("responses-sent")] = here.responses;
    }
  }
  const SourceEstimates& sources = telemetry.sources();
  return {{"day", rssac002::day_text(day.day)},
          {"traffic-volume", volume},
          {"unique-sources",
           {{"num-sources-ipv4", std::llround(sources.ipv4)},
            {"num-sources-ipv6", std::llround(sources.ipv6)},
            {"num-sources-ipv6-aggregate", std::llround(sources.ipv6_aggregate)}}}};
}

}  // namespace

std::string series_json(const Telemetry& telemetry, std::int64_t seconds, std::int64_t now_ms) {
  const Window window = telemetry.series().window(seconds);
  const std::int64_t begin = now_ms / 1000 - seconds;
  return text({{"step", window.step},
               {"start", window.start},
               {"points", window.points},
               {"series", series_of(window)},
               {"phases", phases(telemetry, begin)},
               {"loads", loads(telemetry, begin)}});
}

std::string now_json(const Telemetry& telemetry, std::int64_t now_ms) {
  const counts::Counts& counts = telemetry.counts();
  return text({{"tlds", tlds(counts)},
               {"missing", missing(telemetry, now_ms)},
               {"sizes", sizes(counts)},
               {"times", times(counts)},
               {"rssac002", rssac002(telemetry)}});
}

std::string point_json(const Point& point) {
  Json series = Json::object();
  for (const auto& [name, value] : point.values) series[name] = number(value);
  return Json{{"time", point.time}, {"series", series}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace imrs::web
