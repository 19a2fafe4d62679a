// The file of one instance and day, from which the service's are made. Counts by name; registers as text, a
// character each: '0' plus the rank.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agent/rssac002/day.h"

namespace imrs::rssac002 {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "imrs-rssac002-day";
constexpr int kVersion = 1;
constexpr char kNoRank = '0';

[[noreturn]] void refuse(const std::string& member, const std::string& why) {
  throw std::invalid_argument(member + ": " + why);
}

std::uint64_t number_from(const Json& json, const std::string& member,
                          std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
  if (!json.is_number_unsigned()) refuse(member, "must be a whole number, not below zero");
  const auto number = json.get<std::uint64_t>();
  if (number > most) refuse(member, "is too large");
  return number;
}

std::string text_from(const Json& json, const std::string& member) {
  if (!json.at(member).is_string()) refuse(member, "must be text");
  return json.at(member).get<std::string>();
}

// A number that is the name of a member.
std::uint64_t key_from(const std::string& key, const std::string& member, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc() || end != key.data() + key.size() || number > most) {
    refuse(member + "." + key, "is not one of its numbers");
  }
  return number;
}

const Json& object_in(const Json& json, const std::string& member) {
  if (!json.contains(member) || !json.at(member).is_object()) refuse(member, "must be an object");
  return json.at(member);
}

// Only what is not zero.
template <std::size_t N>
Json sparse(const std::array<std::uint64_t, N>& values) {
  Json out = Json::object();
  for (std::size_t i = 0; i < N; ++i) {
    if (values[i] != 0) out[std::to_string(i)] = values[i];
  }
  return out;
}

template <std::size_t N>
void read_sparse(const Json& json, const std::string& member, std::array<std::uint64_t, N>& values) {
  for (const auto& [key, value] : object_in(json, member).items()) {
    values[key_from(key, member, N - 1)] = number_from(value, member + "." + key);
  }
}

std::string path_name(Transport transport, Family family) {
  return std::string(to_string(transport)) + "-" + std::string(to_string(family));
}

Json to_json(const Volume& volume) {
  return {{"queries", volume.queries},
          {"responses", volume.responses},
          {"rcodes", sparse(volume.rcodes)},
          {"request_sizes", sparse(volume.query_sizes)},
          {"response_sizes", sparse(volume.response_sizes)}};
}

Volume volume_from(const Json& json) {
  Volume out;
  out.queries = number_from(json.at("queries"), "queries");
  out.responses = number_from(json.at("responses"), "responses");
  read_sparse(json, "rcodes", out.rcodes);
  read_sparse(json, "request_sizes", out.query_sizes);
  read_sparse(json, "response_sizes", out.response_sizes);
  return out;
}

std::string text_of(const counts::Sketch& sketch) {
  std::string out;
  for (const std::uint8_t rank : sketch.registers()) out.push_back(static_cast<char>(kNoRank + rank));
  return out;
}

counts::Sketch sketch_from(const Json& json, const char* member) {
  const std::string text = text_from(json, member);
  std::vector<std::uint8_t> registers;
  for (const char c : text) registers.push_back(static_cast<std::uint8_t>(c - kNoRank));
  const bool right = registers.size() == counts::kRegisters &&
                     std::ranges::all_of(registers,
                                         [](std::uint8_t rank) { return rank <= counts::kMaxRank; });
  if (!right) refuse(std::string("sources.") + member, "not a sketch of this version");
  return counts::Sketch(std::move(registers));
}

template <typename Value>
Json by_serial(const std::map<std::uint32_t, Value>& values) {
  Json out = Json::object();
  for (const auto& [serial, value] : values) out[std::to_string(serial)] = value;
  return out;
}

constexpr std::uint64_t kMost32 = std::numeric_limits<std::uint32_t>::max();

void read_loads(const Json& json, std::map<std::uint32_t, std::vector<std::uint32_t>>& loads) {
  for (const auto& [key, values] : object_in(json, "load_seconds").items()) {
    auto& all = loads[static_cast<std::uint32_t>(key_from(key, "load_seconds", kMost32))];
    if (!values.is_array()) refuse("load_seconds." + key, "must be a list");
    for (const Json& value : values) {
      all.push_back(static_cast<std::uint32_t>(number_from(value, "load_seconds." + key, kMost32)));
    }
  }
}

void read_sizes(const Json& json, std::map<std::uint32_t, std::uint64_t>& sizes) {
  for (const auto& [key, value] : object_in(json, "zone_octets").items()) {
    const auto serial = static_cast<std::uint32_t>(key_from(key, "zone_octets", kMost32));
    sizes[serial] = number_from(value, "zone_octets." + key);
  }
}

// Files are named after it, wherever they are made.
std::string prefix_from(const Json& json) {
  std::string prefix = text_from(json, "prefix");
  const bool plain = std::ranges::all_of(
      prefix, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; });
  if (!plain || prefix.empty()) refuse("prefix", "must be letters, digits and hyphens");
  return prefix;
}

std::set<std::string> instances_from(const Json& json) {
  std::set<std::string> out;
  const Json& list = json.at("instances");
  if (!list.is_array() || list.empty()) refuse("instances", "must name at least one");
  for (const Json& one : list) {
    if (!one.is_string()) refuse("instances", "must be a list of names");
    out.insert(one.get<std::string>());
  }
  return out;
}

Volumes volumes_from(const Json& json) {
  Volumes volumes{};
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      volumes[static_cast<std::size_t>(transport)][static_cast<std::size_t>(family)] = volume_from(
          object_in(json, path_name(transport, family)));
    }
  }
  return volumes;
}

Day day_from(const Json& json) {
  if (!json.is_object() || json.at("format") != kFormat || json.at("version") != kVersion) {
    refuse("format or version", "not a day of RSSAC002 as this version writes it");
  }
  Day day;
  const auto number = parse_compact_day(text_from(json, "day"));
  if (!number) refuse("day", number.error().message);
  day.day = *number;
  day.service = text_from(json, "service");
  day.prefix = prefix_from(json);
  day.instances = instances_from(json);
  day.volumes = volumes_from(object_in(json, "traffic"));
  const Json& sources = object_in(json, "sources");
  day.source_key_id = number_from(sources.at("key_id"), "sources.key_id");
  day.sources.ipv4 = sketch_from(sources, "ipv4");
  day.sources.ipv6 = sketch_from(sources, "ipv6");
  day.sources.ipv6_aggregate = sketch_from(sources, "ipv6_aggregate");
  read_loads(json, day.load_seconds);
  read_sizes(json, day.zone_octets);
  return day;
}

Json volumes_json(const Volumes& volumes) {
  Json out;
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      out[path_name(transport, family)] = to_json(
          volumes[static_cast<std::size_t>(transport)][static_cast<std::size_t>(family)]);
    }
  }
  return out;
}

// What `read` makes of the text; whatever it, nlohmann or the standard library has to say against it.
template <typename Read>
auto parsed(std::string_view text, Read read) -> Result<decltype(read(Json()))> {
  try {
    return read(Json::parse(text));
  } catch (const std::exception& error) {
    return Error{Errc::InvalidInput, error.what()};
  }
}

}  // namespace

std::string to_json(const Day& day) {
  Json out{{"format", kFormat},      {"version", kVersion},  {"day", compact_day_text(day.day)},
           {"service", day.service}, {"prefix", day.prefix}, {"instances", day.instances}};
  out["traffic"] = volumes_json(day.volumes);
  out["sources"] = {{"key_id", day.source_key_id},
                    {"ipv4", text_of(day.sources.ipv4)},
                    {"ipv6", text_of(day.sources.ipv6)},
                    {"ipv6_aggregate", text_of(day.sources.ipv6_aggregate)}};
  out["load_seconds"] = by_serial(day.load_seconds);
  out["zone_octets"] = by_serial(day.zone_octets);
  return out.dump(1);
}

std::string to_json(const Volumes& volumes) { return volumes_json(volumes).dump(); }

Result<Day> day_from_json(std::string_view text) { return parsed(text, day_from); }

Result<Volumes> volumes_from_json(std::string_view text) { return parsed(text, volumes_from); }

}  // namespace imrs::rssac002
