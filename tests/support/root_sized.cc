// Makes what the responder's benchmark and the tests of the rate limit ask, and whom. Called by them only;
// nothing here is measured.
#include "tests/support/root_sized.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

namespace imrs::test {
namespace {

constexpr int kDelegations = 1450, kWithoutDsEvery = 14;
constexpr std::size_t kPerClass = 4096, kMix = 10000;
constexpr std::uint16_t kA = 1, kNs = 2, kDs = 43;

std::string rrsig(const std::string& owner, const char* type, int labels) {
  return fmt::format("{} 86400 IN RRSIG {} 8 {} 86400 20261231000000 20261101000000 4711 . {}==\n", owner,
                     type, labels, std::string(342, 'A'));
}

std::string apex() {
  std::string z = ". 86400 IN SOA a.root-servers.net. nstld.example. 2026112400 1800 900 604800 86400\n";
  z += rrsig(".", "SOA", 0) + rrsig(".", "NS", 0) + rrsig(".", "DNSKEY", 0) + rrsig(".", "NSEC", 0);
  for (char letter = 'a'; letter <= 'm'; ++letter) {
    z += fmt::format(". 518400 IN NS {}.root-servers.net.\n", letter);
    z += fmt::format("{}.root-servers.net. 518400 IN A 198.18.0.{}\n", letter, int(letter));
    z += fmt::format("{}.root-servers.net. 518400 IN AAAA 2001:db8::{:x}\n", letter, int(letter));
  }
  z += fmt::format(". 172800 IN DNSKEY 257 3 8 AwEAAQ{}\n", std::string(342, 'A'));
  return z + ". 86400 IN NSEC t0000. NS SOA RRSIG NSEC DNSKEY\n";
}

std::string delegation(int number) {
  const std::string tld = fmt::format("t{:04}.", number);
  const bool with_ds = number % kWithoutDsEvery != 0;
  const std::string next = number + 1 < kDelegations ? fmt::format("t{:04}.", number + 1) : ".";
  std::string z;
  for (char letter = 'a'; letter <= 'd'; ++letter) {
    z += fmt::format("{} 172800 IN NS {}.nic.{}\n", tld, letter, tld);
    z += fmt::format("{}.nic.{} 172800 IN A 198.18.{}.{}\n", letter, tld, number % 256, int(letter));
    z += fmt::format("{}.nic.{} 172800 IN AAAA 2001:db8::{:x}:{:x}\n", letter, tld, number, int(letter));
  }
  if (with_ds) {
    z += fmt::format("{} 86400 IN DS {} 8 2 {}\n", tld, number, std::string(64, 'b')) + rrsig(tld, "DS", 1);
  }
  z += fmt::format("{} 86400 IN NSEC {} NS {}RRSIG NSEC\n", tld, next, with_ds ? "DS " : "");
  return z + rrsig(tld, "NSEC", 1);
}

void find_delegations(RootZone& zone) {
  std::set<std::string> cuts, signed_cuts;
  std::istringstream lines(zone.text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string owner, ttl, rr_class, type;
    fields >> owner >> ttl >> rr_class >> type;
    if (type == "NS" && owner != ".") cuts.insert(owner);
    if (type == "DS") signed_cuts.insert(owner);
  }
  std::ranges::copy(signed_cuts, std::back_inserter(zone.with_ds));
  std::ranges::set_difference(cuts, signed_cuts, std::back_inserter(zone.without_ds));
}

void append16(Query& out, unsigned value) {
  out.push_back(std::uint8_t(value >> 8));
  out.push_back(std::uint8_t(value));
}

enum class Edns { None, Do, DoCookie };

void append_opt(Query& out, Edns edns) {
  const bool cookie = edns == Edns::DoCookie;
  out.push_back(0);
  append16(out, 41);
  append16(out, 1232);
  append16(out, 0);
  append16(out, 0x8000);
  append16(out, cookie ? 12 : 0);
  if (!cookie) return;
  append16(out, 10);
  append16(out, 8);
  for (std::uint8_t i = 0; i < 8; ++i) out.push_back(std::uint8_t(0xc0 + i));
}

// `name`: absolute, without escapes.
Query query(const std::string& name, std::uint16_t type, Edns edns) {
  Query out;
  for (const unsigned field : {0x1234u, 0u, 1u, 0u, 0u, edns == Edns::None ? 0u : 1u}) append16(out, field);
  for (std::size_t at = 0, dot = name.find('.'); name.size() > 1 && dot != std::string::npos;) {
    out.push_back(std::uint8_t(dot - at));
    out.insert(out.end(), name.begin() + std::ptrdiff_t(at), name.begin() + std::ptrdiff_t(dot));
    at = dot + 1;
    dot = name.find('.', at);
  }
  out.push_back(0);
  append16(out, type);
  append16(out, 1);
  if (edns != Edns::None) append_opt(out, edns);
  return out;
}

std::vector<Query> below(const std::vector<std::string>& cuts, const std::string& prefix, std::uint16_t type,
                         Edns edns) {
  std::mt19937 random(1);
  std::vector<Query> out;
  for (std::size_t i = 0; i < kPerClass; ++i) {
    out.push_back(query(prefix + cuts[random() % cuts.size()], type, edns));
  }
  return out;
}

// One label of 9 letters, as Chromium's probes; the last of them is a digit, which no TLD has at its end.
std::vector<Query> missing(Edns edns) {
  std::mt19937 random(2);
  std::vector<Query> out;
  for (std::size_t i = 0; i < kPerClass; ++i) {
    std::string name;
    for (int letter = 0; letter < 8; ++letter) name.push_back(char('a' + random() % 26));
    out.push_back(query(name + "7.", kA, edns));
  }
  return out;
}

}  // namespace

RootZone make_root_zone() {
  RootZone zone;
  zone.text = apex();
  for (int number = 0; number < kDelegations; ++number) zone.text += delegation(number);
  find_delegations(zone);
  return zone;
}

RootZone read_root_zone(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  RootZone zone{text.str(), {}, {}};
  find_delegations(zone);
  if (!in || zone.with_ds.empty() || zone.without_ds.empty()) {
    std::fprintf(stderr, "%s: not a root zone with delegations with and without DS\n", path.c_str());
    std::exit(2);
  }
  return zone;
}

std::vector<QueryClass> query_classes(const RootZone& zone) {
  constexpr std::uint16_t kNoError = 0, kNxDomain = 3;
  return {
      {"referral, DO", 26, kNoError, below(zone.with_ds, "www.example.", kA, Edns::Do)},
      {"referral, plain", 10, kNoError, below(zone.with_ds, "www.example.", kA, Edns::None)},
      {"DS, DO", 5, kNoError, below(zone.with_ds, "", kDs, Edns::Do)},
      {"NODATA, DO", 2, kNoError, below(zone.without_ds, "", kDs, Edns::Do)},
      {"NXDOMAIN, DO", 40, kNxDomain, missing(Edns::Do)},
      {"NXDOMAIN, plain", 14, kNxDomain, missing(Edns::None)},
      {"priming, DO", 1, kNoError, {query(".", kNs, Edns::Do)}},
      {"referral, DO, cookie", 2, kNoError, below(zone.with_ds, "www.example.", kA, Edns::DoCookie)},
  };
}

std::vector<Query> mix_of(const std::vector<QueryClass>& classes) {
  std::vector<double> shares;
  for (const QueryClass& c : classes) shares.push_back(c.share);
  std::mt19937 random(3);
  std::discrete_distribution<std::size_t> pick(shares.begin(), shares.end());
  std::vector<Query> out;
  for (std::size_t i = 0; i < kMix; ++i) {
    const auto& queries = classes[pick(random)].queries;
    out.push_back(queries[random() % queries.size()]);
  }
  return out;
}

}  // namespace imrs::test
