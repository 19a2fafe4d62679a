// Makes versions and the questions that tell them apart. Called by the tests of swaps only.
#include "tests/dns/engine/versions.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace imrs::test {
namespace {

// What signed 256 octets look like, with the version all over them.
std::string signature(std::uint32_t version) {
  std::string out;
  for (int i = 0; i < 34; ++i) out += fmt::format("{:010}", version);
  return out + "AA==";
}

bool is_signed_here(const std::string& type) {
  return type == "SOA" || type == "DNSKEY" || type == "NSEC" || type == "DS" || type == "ZONEMD";
}

std::vector<Ask> asks_about(const std::string& name, const std::string& below, const std::string& missing) {
  return {{.name = name, .type = 2},
          {.name = below, .udp_size = -1},
          {.name = name, .type = 43, .dnssec_ok = true},
          {.name = below, .type = 28, .dnssec_ok = true},
          {.name = missing, .dnssec_ok = true},
          {.name = missing, .dnssec_ok = true, .udp_size = 512}};
}

void add(Versions& versions, Ask ask, bool only_if_it_changes) {
  for (const Transport transport : kTransports) {
    ask.transport = transport;
    const Octets query = query_octets(ask);
    std::vector<Octets> right;
    for (const auto& image : versions.images) right.push_back(response_to(*image, query, transport));
    const bool changes = std::ranges::adjacent_find(right, std::not_equal_to{}) != right.end();
    if (only_if_it_changes && !changes) continue;
    versions.questions.push_back({transport, query});
    versions.right.push_back(std::move(right));
  }
}

}  // namespace

std::vector<ZoneText> three_zones_signed_by(std::uint32_t version) {
  constexpr std::string_view kSignature = "AAECAwQF";  // its first octets in three_zones()
  const std::string marked = fmt::format("{:08}", version);
  auto zones = three_zones(version);
  for (ZoneText& zone : zones) {
    for (std::size_t at = 0; (at = zone.text.find(kSignature, at)) != std::string::npos;) {
      zone.text.replace(at, kSignature.size(), marked);
    }
  }
  return zones;
}

std::string signed_by(const std::string& root_zone, std::uint32_t version) {
  std::string out;
  std::string last;
  std::istringstream lines(root_zone);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string owner, ttl, rr_class, type;
    fields >> owner >> ttl >> rr_class >> type;
    if (type == "RRSIG") continue;
    out += line + "\n";
    const bool is_apex = owner == ".";
    if (!is_signed_here(type) && !(type == "NS" && is_apex)) continue;
    if (last == owner + type) continue;  // one for the RRset
    last = owner + type;
    out += fmt::format("{} {} IN RRSIG {} 8 {} {} 20261231000000 20261101000000 4711 . {}\n", owner, ttl,
                       type, is_apex ? 0 : 1, ttl, signature(version));
  }
  return out;
}

Versions make_versions(std::vector<std::shared_ptr<const image::Image>> images,
                       const std::vector<std::string>& tlds) {
  constexpr std::size_t kEvery = 6;  // TLD is asked about with DO as well
  Versions versions{std::move(images), {}, {}};
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{2, 6, 48, 255}) {
    add(versions, {.name = ".", .type = type, .dnssec_ok = true}, false);
  }
  for (std::size_t i = 0; i < tlds.size(); ++i) {
    const std::string& tld = tlds[i];
    const std::string below = "www.example." + tld, missing = tld.substr(0, tld.size() - 1) + "-0.";
    for (const Ask& ask : asks_about(tld, below, missing)) {
      if (!ask.dnssec_ok || i % kEvery == 0) add(versions, ask, !ask.dnssec_ok);
    }
  }
  return versions;
}

}  // namespace imrs::test
