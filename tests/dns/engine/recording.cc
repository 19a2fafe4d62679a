// A recorder with memory of its own. Called by tests only.
#include "tests/dns/engine/recording.h"

#include <cmath>

#include "dns/wire/protocol.h"

namespace imrs::test {
namespace {

constexpr std::array<std::uint8_t, 4> kClient{192, 0, 2, 1};

void put(SeenCounters& seen, const std::string& name, const Counter& counter) {
  if (const std::uint64_t value = counter.load(); value != 0) seen[name] = value;
}

template <std::size_t N>
void put(SeenCounters& seen, const std::string& name, const std::array<Counter, N>& counters) {
  for (std::size_t i = 0; i < N; ++i) put(seen, name + " " + std::to_string(i), counters[i]);
}

}  // namespace

SeenCounters seen_in(const TrafficCounters& counters) {
  SeenCounters seen;
  put(seen, "queries", counters.queries);
  put(seen, "responses", counters.responses);
  put(seen, "unanswered", counters.unanswered);
  put(seen, "truncated", counters.truncated);
  put(seen, "limited", counters.limited);
  put(seen, "query_bytes", counters.query_bytes);
  put(seen, "response_bytes", counters.response_bytes);
  put(seen, "rcode", counters.rcodes);
  put(seen, "opcode", counters.opcodes);
  put(seen, "malformed", counters.malformed);
  put(seen, "attribute", counters.attributes);
  put(seen, "chaos", counters.chaos);
  put(seen, "type", counters.types);
  put(seen, "query_sizes", counters.query_sizes);
  put(seen, "response_sizes", counters.response_sizes);
  return seen;
}

Recording::Recording(const std::vector<ZoneText>& zones)
    : image_(image_of(zones)),
      fd_(counts::Pages::make(1).value()),
      pages_(counts::Pages::map(fd_.get(), 1, true).value()) {
  restart();
}

void Recording::restart() {
  places_ = engine::NameRegistry(pages_.names()).places_of(*image_);
  recorder_ = std::make_unique<engine::Recorder>(pages_.workers()[0], pages_.tables()[0], kSomeKey);
  begin(kSomeTime);
}

void Recording::note(std::span<const std::uint8_t> query, const answer::Outcome& outcome, bool limited) {
  recorder_->note(pages_.workers()[0].traffic[0][0], {Transport::Udp, kClient}, query, outcome, limited);
}

void Recording::note_from(std::span<const std::uint8_t> address) {
  recorder_->note(pages_.workers()[0].traffic[0][0], {Transport::Udp, address}, {},
                  {.malformed = Malformed::Short}, false);
}

answer::Outcome Recording::respond(std::span<const std::uint8_t> query) {
  static const answer::Identity identity{"lab01", "IMRS"};
  static const answer::CookieSecrets no_cookies;
  std::array<std::uint8_t, wire::kMaxUdpResponse> response;
  const answer::Context context{.image = *image_, .identity = identity, .cookies = no_cookies};
  const answer::Outcome outcome = answer::respond(context, {Transport::Udp, kClient}, query, response);
  note(query, outcome);
  return outcome;
}

answer::Outcome Recording::ask(std::string_view name, std::uint16_t type) {
  return respond(query_octets({.name = name, .type = type}));
}

std::map<std::string, std::uint64_t> Recording::names() const {
  std::map<std::string, std::uint64_t> out;
  for (const counts::NameCount& name : counts::read_counts(pages_, {}).names) {
    for (std::size_t type = 0; type < kNameTypes; ++type) {
      if (name.types[type] == 0) continue;
      out[name.name + " " + std::string(counts::name_type_name(type))] = name.types[type];
    }
  }
  return out;
}

std::vector<std::string> Recording::missing(std::int64_t day) const {
  std::vector<std::string> out;
  for (const counts::MissingName& name : counts::read_missing(pages_, day, 1000)) {
    out.push_back(name.label + " " + std::to_string(name.count) + " " + std::to_string(name.error));
  }
  return out;
}

std::array<long, 3> Recording::sources(std::int64_t day) const {
  const counts::Sources sources = counts::read_sources(pages_, day);
  return {std::lround(sources.ipv4.estimate()), std::lround(sources.ipv6.estimate()),
          std::lround(sources.ipv6_aggregate.estimate())};
}

}  // namespace imrs::test
